namespace DaemonProxy.Verification.Verifying;

/// <summary>What an embedded request got under one state of the restriction (behaviour.md, section 3).</summary>
public sealed record EmbeddedResult
{
    /// <summary>What <c>restrict-embedded</c> was set to, in order.</summary>
    public required string Scenario { get; init; }

    /// <summary>The status expected.</summary>
    public required int ExpectedStatus { get; init; }

    /// <summary>The status that came; 0 when none came.</summary>
    public int ActualStatus { get; init; }

    /// <summary>The event code expected in the front end's log; null: none, for the request is to be served.</summary>
    public string? ExpectedEvent { get; init; }

    /// <summary>The code of the first error logged for the request; null when there was none.</summary>
    public string? ActualEvent { get; init; }

    /// <summary>Whether the same process went on serving afterwards.</summary>
    public bool Survived { get; init; }

    /// <summary>Why it was not tried, one sentence: this machine has no Python. Null when it was.</summary>
    public string? Skipped { get; init; }

    /// <summary>Whether all was as expected; what was skipped has not passed.</summary>
    public bool Passed { get; init; }

    /// <summary>What went wrong on the way, one sentence; null when nothing did.</summary>
    public string? Problem { get; init; }
}
