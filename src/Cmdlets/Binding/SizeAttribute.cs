using DaemonProxy.Configuration;

namespace DaemonProxy.Cmdlets;

/// <summary>A parameter in bytes: <c>8MB</c> as PowerShell's number, <c>"8MiB"</c> as text.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SizeAttribute : UnitAttribute
{
    private protected override string Wrong => "is no size; write for example 8MB, 64KiB, or a number of bytes";

    private protected override object? FromText(string text) => Units.TryParseSize(text, out var bytes) ? bytes : null;
}
