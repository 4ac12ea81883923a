using System.Management.Automation;
using DaemonProxy.Pacing;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Which pacer keeps a route's rate. Mirrors the engine's type, because PowerShell must not see types from that assembly.
/// </summary>
public enum Pacer
{
    /// <summary>Counts bytes against a deadline; a flush costs nothing.</summary>
    TokenBucket,

    /// <summary>Apache's mod_ratelimit: a chunk every 200 ms, and every flush costs a whole interval.</summary>
    Interval,

    /// <summary>
    /// mod_ratelimit before Apache 2.4.34, which does not slow small writes at all; the configuration calls it interval-2.4.33.
    /// </summary>
    Interval2433,
}

/// <summary>Lets a parameter also take a pacer in the configuration's spelling: <c>token-bucket</c>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PacerNameAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) =>
        (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) switch
        {
            string text when PacerTable.All.FirstOrDefault(
                pacer => pacer.Name.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } pacer => pacer.Kind.ToPacer(),
            PacerKind kind => kind.ToPacer(),
            _ => inputData,
        };
}

/// <summary>Converts pacers to the engine's. A test checks that both have the same members.</summary>
internal static class PacerMapping
{
    public static PacerKind ToKind(this Pacer pacer) => (PacerKind)pacer;

    public static Pacer ToPacer(this PacerKind kind) => (Pacer)kind;

    /// <summary>The pacer in the configuration's spelling.</summary>
    public static string ToOption(this Pacer pacer) => PacerTable.Get(pacer.ToKind()).Name;
}
