using DaemonProxy.Configuration;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// A parameter that takes bytes per second: <c>400KB</c> as a PowerShell number, <c>400KiB/s</c> as a string; 0 for no limit.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RateAttribute : UnitAttribute
{
    private protected override string Wrong =>
        "is no rate; write for example 400KB, 400KiB/s, or a number of bytes a second, 0 for no limit";

    // The configuration insists on "/s", because a plain 400 might be Apache's KiB/s; PowerShell's own 400KB is unambiguous.
    private protected override object? FromText(string text) =>
        Units.TryParseRate(text, out var rate) || Units.TryParseSize(text, out rate) ? rate : null;
}
