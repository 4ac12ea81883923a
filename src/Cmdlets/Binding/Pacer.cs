using System.Management.Automation;
using DaemonProxy.Configuration;

namespace DaemonProxy.Cmdlets;

/// <summary>Which pacer keeps a route's rate.</summary>
public enum Pacer
{
    /// <summary>Counts bytes against a deadline; a flush costs nothing.</summary>
    TokenBucket,

    /// <summary>Apache's mod_ratelimit: a chunk each 200 ms, and every flush costs a whole interval.</summary>
    Interval,

    /// <summary>mod_ratelimit before Apache 2.4.34, which does not slow small writes at all; in the configuration's spelling interval-2.4.33.</summary>
    Interval2433,
}

/// <summary>Lets a parameter take a pacer in the configuration's spelling too: <c>token-bucket</c>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PacerNameAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) =>
        (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) is string text ? text.Replace("-", "", StringComparison.Ordinal).Replace(".", "", StringComparison.Ordinal) : inputData;
}

/// <summary>The pacers as the engine knows them.</summary>
internal static class PacerMapping
{
    public static PacerKind ToKind(this Pacer pacer) => pacer switch
    {
        Pacer.Interval => PacerKind.Interval,
        Pacer.Interval2433 => PacerKind.Interval2433,
        _ => PacerKind.TokenBucket,
    };

    /// <summary>The pacer in the configuration's spelling.</summary>
    public static string ToOption(this Pacer pacer) => pacer switch
    {
        Pacer.Interval => "interval",
        Pacer.Interval2433 => "interval-2.4.33",
        _ => "token-bucket",
    };

    public static Pacer ToPacer(this PacerKind kind) => kind switch
    {
        PacerKind.Interval => Pacer.Interval,
        PacerKind.Interval2433 => Pacer.Interval2433,
        _ => Pacer.TokenBucket,
    };
}
