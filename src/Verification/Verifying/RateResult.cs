using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>A measured rate and the verdict on it, as every report shows them.</summary>
public abstract record RateResult : RateCourse
{
    /// <summary>Creates a result with nothing measured.</summary>
    protected RateResult()
    {
    }

    /// <summary>Creates a result from a measurement.</summary>
    private protected RateResult(RateCourse measured)
        : base(measured)
    {
    }

    /// <summary>What was expected, as text for people.</summary>
    public required string Expected { get; init; }

    /// <summary>
    /// Whether every connection was as expected. If the defect before 6.0.2 was to be reproduced, that includes the defect. Null if the
    /// machine was too busy to tell: see <see cref="NotMeasurable"/>.
    /// </summary>
    public bool? Passed { get; init; } = false;

    /// <summary>Whether the measurement was ended early; the figures cover what was measured until then.</summary>
    public bool Interrupted { get; init; }

    /// <summary>Why there is no verdict, in one sentence: the machine was disturbed in the same seconds. Null if there is one.</summary>
    public string? NotMeasurable { get; init; }
}
