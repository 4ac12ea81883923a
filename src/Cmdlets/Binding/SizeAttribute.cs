using DaemonProxy.Configuration;

namespace DaemonProxy.Cmdlets;

/// <summary>A parameter that takes bytes: <c>8MB</c> as a PowerShell number, <c>"8MiB"</c> as a string.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SizeAttribute : UnitAttribute
{
    private protected override string Wrong => "is no size; write for example 8MB, 64KiB, or a number of bytes";

    private protected override object? FromText(string text) => Units.TryParseSize(text, out var bytes) ? bytes : null;
}
