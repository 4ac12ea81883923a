using System.Globalization;
using DaemonProxy.Configuration;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>What the sample application is asked to do, how often, and what a flush policy makes of it.</summary>
internal sealed record FlushWorkload
{
    /// <summary>What a flush may take on top of the policy's own waiting, on a machine that does other things too.</summary>
    public static readonly TimeSpan Allowance = TimeSpan.FromMilliseconds(5);

    /// <summary>A drip that is not measured: code that runs for the first time is compiled meanwhile.</summary>
    public const string WarmUp = "/drip?count=20&chunk=24&every-ms=3";

    /// <summary>Every byte alone: each must leave after the flush delay. 100 samples.</summary>
    public static readonly FlushWorkload SlowDrip = new()
    {
        Name = "100 B every 50 ms",
        Target = "/drip?count=100&chunk=100&every-ms=50",
        Every = TimeSpan.FromMilliseconds(50),
        Judged = latency => latency.P99,
        JudgedName = "p99",
    };

    /// <summary>Always more before the flush delay is over: only a deadline gets these bytes out. About 2 s.</summary>
    public static readonly FlushWorkload FastDrip = new()
    {
        Name = "24 B every 3 ms",
        Target = "/drip?count=667&chunk=24&every-ms=3",
        Every = TimeSpan.FromMilliseconds(3),
        Judged = latency => latency.Maximum,
        JudgedName = "max",
    };

    /// <summary>
    /// Headers, and then nothing for a second: they must leave though no body byte was sent. The median is judged, since the time holds
    /// the connecting and the request's way to the application as well, on which no flush policy has a hold.
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

    /// <summary>Whatever the address itself does.</summary>
    public static readonly FlushWorkload AsItComes = new()
    {
        Name = "as it comes",
        Target = "",
        Every = TimeSpan.Zero,
        Judged = latency => latency.P99,
        JudgedName = "p99",
    };

    public required string Name { get; init; }

    /// <summary>What the sample application is asked for.</summary>
    public required string Target { get; init; }

    /// <summary>How often it is asked for the headers alone; 0: once, for a drip.</summary>
    public int HeadRequests { get; private init; }

    /// <summary>The time between two writes of the application.</summary>
    public required TimeSpan Every { get; init; }

    /// <summary>The latency that is judged.</summary>
    public required Func<LatencyDistribution, TimeSpan> Judged { get; init; }

    /// <summary>Its name, for a person.</summary>
    public required string JudgedName { get; init; }

    /// <summary>
    /// The longest a policy lets a byte wait, with the allowance: the flush delay where the application is silent for that long, the
    /// deadline otherwise. Null where nothing bounds it.
    /// </summary>
    public TimeSpan? Bound(FlushPolicy policy)
    {
        // Twice the delay, since neither the application's clock nor the relay's is exact to the last.
        var isSilentEnough = Every >= policy.FlushDelay * 2;
        var byDelay = isSilentEnough ? policy.FlushDelay : TimeSpan.MaxValue;
        var byDeadline = policy.FlushDeadline > TimeSpan.Zero ? policy.FlushDeadline : TimeSpan.MaxValue;
        var wait = byDelay < byDeadline ? byDelay : byDeadline;
        return wait == TimeSpan.MaxValue ? null : wait + Allowance;
    }

    /// <summary>Measures it.</summary>
    /// <param name="request">The request for <see cref="Target"/>.</param>
    /// <param name="duration">How long to listen to a drip from its first byte.</param>
    /// <param name="every">The time between two writes, where it is known.</param>
    /// <param name="look">Called several times a second with how far it has come, for a person, and the time since the first byte of a
    /// drip.</param>
    /// <param name="cancellationToken">Ends it; what has come is measured.</param>
    public Task<DripMeasurement> MeasureAsync(
        ConnectionRequest request, TimeSpan duration, TimeSpan? every, Action<string, TimeSpan> look,
            CancellationToken cancellationToken) => HeadRequests > 0
        ? DripMeasurement.AskForHeadsAsync(
        request, HeadRequests, i => look($"{Name}: {i} of {HeadRequests}", TimeSpan.Zero), cancellationToken)
        : DripMeasurement.ListenAsync(request, duration, every, (bytes, elapsed) =>
            look(string.Create(CultureInfo.InvariantCulture, $"{Name}: {bytes} bytes, {elapsed.TotalSeconds:0.0} s"), elapsed),
                cancellationToken);

    /// <summary>Judges what was measured.</summary>
    /// <param name="policy">The policy in force.</param>
    /// <param name="latency">What was measured.</param>
    /// <param name="mustWait">Where nothing bounds the wait: whether it is expected to be longer than the default policy's bound.</param>
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
