using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>A measured rate and the verdict on it: what every report shows.</summary>
public abstract record RateResult : RateCourse
{
    /// <summary>Begins with nothing measured.</summary>
    protected RateResult()
    {
    }

    /// <summary>Begins with what was measured.</summary>
    private protected RateResult(RateCourse measured)
        : base(measured)
    {
    }

    /// <summary>What was expected, for a person.</summary>
    public required string Expected { get; init; }

    /// <summary>
    /// Whether it was as expected, of every connection. That includes the defect before 6.0.2, where it was to be reproduced. Null when the
    /// machine was too busy to tell: see <see cref="NotMeasurable"/>.
    /// </summary>
    public bool? Passed { get; init; } = false;

    /// <summary>
    /// Why it can be neither as expected nor not, one sentence: the machine was disturbed in the same seconds. Null when it can.
    /// </summary>
    public string? NotMeasurable { get; init; }
}
