namespace DaemonProxy.Verification.Verifying;

/// <summary>What an embedded request got in one state of the restriction (behaviour.md, section 3).</summary>
public sealed record EmbeddedResult
{
    /// <summary>The values that <c>restrict-embedded</c> was set to, in order.</summary>
    public required string Scenario { get; init; }

    /// <summary>The expected status.</summary>
    public required int ExpectedStatus { get; init; }

    /// <summary>The status received; 0 if there was none.</summary>
    public int ActualStatus { get; init; }

    /// <summary>The event code expected in the front end's log; null for none, because the request should be served.</summary>
    public string? ExpectedEvent { get; init; }

    /// <summary>The code of the first error logged for the request; null when there was none.</summary>
    public string? ActualEvent { get; init; }

    /// <summary>Whether the same process kept serving afterwards.</summary>
    public bool Survived { get; init; }

    /// <summary>Why this state was not tried, in one sentence: this machine has no Python. Null if it was.</summary>
    public string? Skipped { get; init; }

    /// <summary>Whether everything was as expected; a skipped state has not passed.</summary>
    public bool Passed { get; init; }

    /// <summary>What went wrong on the way, in one sentence; null if nothing did.</summary>
    public string? Problem { get; init; }
}
