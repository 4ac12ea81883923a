namespace DaemonProxy.Verification.Measuring;

/// <summary>What a delivery latency was measured by.</summary>
public enum LatencySource
{
    /// <summary>Nothing could be measured.</summary>
    None,

    /// <summary>From the time of writing that each piece carries to its receive; both clocks are this machine's.</summary>
    Timestamps,

    /// <summary>The same from another machine, whose clock may be off: how much longer each piece took than the fastest.</summary>
    RelativeTimestamps,

    /// <summary>The pieces carry no time. How late each was against an even drip, of which the punctual ones set the clock.</summary>
    Gaps,

    /// <summary>From the request to the head of the response.</summary>
    Request,
}
