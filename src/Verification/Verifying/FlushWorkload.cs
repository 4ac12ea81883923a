using System.Globalization;
using DaemonProxy.Configuration;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>What the sample application is asked to do, how often, and which latency a flush policy should give it.</summary>
internal sealed record FlushWorkload
{
    /// <summary>How much longer than the policy's own wait a flush may take, on a machine that does other things, too.</summary>
    public static readonly TimeSpan Allowance = TimeSpan.FromMilliseconds(5);

    /// <summary>An unmeasured drip, during which code that runs for the first time is compiled.</summary>
    public const string WarmUp = "/drip?count=20&chunk=24&every-ms=3";

    /// <summary>Every byte arrives alone: each must be sent after the flush delay. 100 samples.</summary>
    public static readonly FlushWorkload SlowDrip = new()
    {
        Name = "100 B every 50 ms",
        Target = "/drip?count=100&chunk=100&every-ms=50",
        Every = TimeSpan.FromMilliseconds(50),
        Judged = latency => latency.P99,
        JudgedName = "p99",
    };

    /// <summary>More bytes always arrive before the flush delay is over: only a deadline gets these bytes out. About 2 s.</summary>
    public static readonly FlushWorkload FastDrip = new()
    {
        Name = "24 B every 3 ms",
        Target = "/drip?count=667&chunk=24&every-ms=3",
        Every = TimeSpan.FromMilliseconds(3),
        Judged = latency => latency.Maximum,
        JudgedName = "max",
    };

    /// <summary>
    /// Headers, then nothing for a second: the headers must be sent even though there is no body byte. The median is judged, because the
    /// time also includes connecting and the request's path to the application, which no flush policy can influence.
    /// </summary>
    public static readonly FlushWorkload HeadersAlone = new()
    {
        Name = "headers, then 1 s of silence",
        Target = "/stall?before=0&ms=1000&after=10",
        HeadRequests = 50,
        Every = TimeSpan.FromSeconds(1),
        Judged = latency => latency.P50,
        JudgedName = "p50",
    };

    /// <summary>Whatever the address itself sends.</summary>
    public static readonly FlushWorkload AsItComes = new()
    {
        Name = "as it comes",
        Target = "",
        Every = TimeSpan.Zero,
        Judged = latency => latency.P99,
        JudgedName = "p99",
    };

    public required string Name { get; init; }

    /// <summary>The request to the sample application.</summary>
    public required string Target { get; init; }

    /// <summary>How often the headers alone are requested; 0 for a drip, which is requested once.</summary>
    public int HeadRequests { get; private init; }

    /// <summary>The time between two writes of the application.</summary>
    public required TimeSpan Every { get; init; }

    /// <summary>The latency that is judged.</summary>
    public required Func<LatencyDistribution, TimeSpan> Judged { get; init; }

    /// <summary>What the judged latency is called, for people: <c>p99</c>.</summary>
    public required string JudgedName { get; init; }

    /// <summary>
    /// The longest that a policy lets a byte wait, including the allowance: the flush delay if the application is silent for that long,
    /// otherwise the deadline. Null if nothing bounds the wait.
    /// </summary>
    public TimeSpan? Bound(FlushPolicy policy)
    {
        // Twice the delay, because neither the application's clock nor the relay's is perfectly exact.
        var isSilentEnough = Every >= policy.FlushDelay * 2;
        var byDelay = isSilentEnough ? policy.FlushDelay : TimeSpan.MaxValue;
        var byDeadline = policy.FlushDeadline > TimeSpan.Zero ? policy.FlushDeadline : TimeSpan.MaxValue;
        var wait = byDelay < byDeadline ? byDelay : byDeadline;
        return wait == TimeSpan.MaxValue ? null : wait + Allowance;
    }

    /// <summary>Measures it.</summary>
    /// <param name="request">The request for <see cref="Target"/>.</param>
    /// <param name="duration">How long to listen to a drip from its first byte.</param>
    /// <param name="every">The time between two writes, if it is known.</param>
    /// <param name="look">Called several times a second with the progress, as text for people, and the time since the first byte of a
    /// drip.</param>
    /// <param name="cancellationToken">Ends the measurement; what has arrived by then is measured.</param>
    public Task<DripMeasurement> MeasureAsync(
        ConnectionRequest request, TimeSpan duration, TimeSpan? every, Action<string, TimeSpan> look, CancellationToken cancellationToken) =>
        HeadRequests > 0
            ? DripMeasurement.AskForHeadsAsync(
                request, HeadRequests, i => look($"{Name}: {i} of {HeadRequests}", TimeSpan.Zero), cancellationToken)
            : DripMeasurement.ListenAsync(
                request, duration, every,
                (bytes, elapsed) =>
                    look(string.Create(CultureInfo.InvariantCulture, $"{Name}: {bytes} bytes, {elapsed.TotalSeconds:0.0} s"), elapsed),
                cancellationToken);

    /// <summary>Judges what was measured.</summary>
    /// <param name="policy">The policy in force.</param>
    /// <param name="latency">What was measured.</param>
    /// <param name="mustWait">If nothing bounds the wait: whether it is expected to exceed the default policy's bound.</param>
    public (string Expected, bool Passed) Judge(FlushPolicy policy, LatencyDistribution latency, bool mustWait)
    {
        if (Bound(policy) is { } bound)
            return (Words("at most", bound), latency.Count > 0 && Judged(latency) <= bound);
        if (mustWait && Bound(FlushPolicy.Default) is { } usual)
            return (Words("over", usual) + " (the defect)", latency.Count > 0 && Judged(latency) > usual);
        return ("no bound: response-flush-deadline is 0", latency.Count > 0);
    }

    private string Words(string relation, TimeSpan bound) =>
        string.Create(CultureInfo.InvariantCulture, $"{JudgedName} {relation} {bound.TotalMilliseconds:0.###} ms");
}
