using System.Globalization;
using DaemonProxy.Pacing;

namespace DaemonProxy.Verification.Verifying;

/// <summary>How closely a route is expected to keep to its rate, in numbers and in words.</summary>
/// <param name="Text">For a person.</param>
/// <param name="Lowest">The lowest ratio of achieved to configured rate that is as expected.</param>
/// <param name="Highest">The highest.</param>
internal sealed record RateLimitExpectation(string Text, double Lowest, double Highest)
{
    /// <summary>
    /// The policy before 6.0.2 lets at most about 64 KiB through per interval of 200 ms, which is 320 KiB/s. From this rate on, that is
    /// certainly less than half; at lower rates the defect shows less, or not at all.
    /// </summary>
    private const long RateThatShowsTheDefect = 800 << 10;

    /// <summary>Expects the route to keep to the rate.</summary>
    /// <param name="pacer">The pacer.</param>
    /// <param name="tolerance">As a fraction; null for the accuracy that the pacer can achieve.</param>
    public static RateLimitExpectation KeepsToTheRate(PacerKind pacer, double? tolerance)
    {
        var allowed = tolerance ?? PacerTable.Get(pacer).Tolerance;
        return new(string.Create(CultureInfo.InvariantCulture, $"within {allowed * 100:0.###}%"), 1 - allowed, 1 + allowed);
    }

    /// <summary>Expects the route to fall below the rate, as with an interval pacer when each dry read forces a flush.</summary>
    /// <param name="pacer">The pacer.</param>
    /// <param name="rate">The configured rate, bytes/s.</param>
    public static RateLimitExpectation FallsBelowTheRate(PacerKind pacer, long rate) => rate >= RateThatShowsTheDefect
        ? new("below half the rate (the defect)", double.Epsilon, 0.5)
        : new("at most the rate (the defect shows from 800 KiB/s)", double.Epsilon, 1 + PacerTable.Get(pacer).Tolerance);

    /// <summary>Whether a ratio is as expected.</summary>
    public bool IsMetBy(double ratio) => ratio >= Lowest && ratio <= Highest;
}
