using DaemonProxy.Filters;
using DaemonProxy.Relay;
using DaemonProxy.Statistics;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Advising;

/// <summary>What the relay has made of a trace under a flush policy.</summary>
/// <param name="Duration">From the request to the end of the response.</param>
/// <param name="Bytes">Body bytes.</param>
/// <param name="Writes">Writes to the client.</param>
/// <param name="Flushes">Flushes in the middle of the response.</param>
/// <param name="Spells">Dry spells that the relay has seen, each of which is bridged or ends in a flush.</param>
/// <param name="Unbridged">Those that ended in a flush.</param>
/// <param name="Held">How long the output of each flush was held.</param>
/// <param name="Rate">What the client received, bytes/s.</param>
/// <param name="Writing">How the relay saw the application write.</param>
internal sealed record RelayedTrace(
    TimeSpan Duration, long Bytes, int Writes, long Flushes, long Spells, long Unbridged, IReadOnlyList<TimeSpan> Held, double Rate,
    WritingStatus Writing)
{
    // However long an application has been silent, it went on.
    private static readonly TimeSpan SocketTimeout = Timeout.InfiniteTimeSpan;

    /// <summary>Relays a trace as a front end would: with its relay, its pacing filter and its core output.</summary>
    /// <param name="trace">The application.</param>
    /// <param name="relay">The group's relay; it learns from the response.</param>
    /// <param name="limit">The rate limit below the relay, with its pacer; null: none.</param>
    /// <param name="isFramed">Whether each write to the client is a TLS record or an HTTP/2 frame.</param>
    /// <param name="time">The relay's clock.</param>
    public static RelayedTrace Relay(IReadOnlyList<Burst> trace, ResponseRelay relay, RateLimit? limit, bool isFramed, VirtualTime time)
    {
        var counter = new TrafficCounter();
        var client = new CountingClient(time, isFramed);
        using var core = new CoreOutput(client, SocketTimeout, time);
        using var pacing = limit is null ? null : new RateLimitFilter(new LiveRateLimit(limit, time), default, core);
        var held = new HeldOutput((IOutputFilter?)pacing ?? core, time);
        var start = time.Now;
        time.Run(() => relay.RunAsync(
            new TracedApplication(trace, time), held, new TrafficScope(counter), prompt: false, SocketTimeout, CancellationToken.None));

        var status = counter.Status();
        var unbridged = status.IdleFlushes + status.DeadlineFlushes;
        return new RelayedTrace(
            time.Now - start, client.Bytes, client.Arrivals.Count, unbridged + status.GuardFlushes,
            status.Writing.Spells, unbridged, held.Times,
            limit is not null ? RateOf(client.Arrivals) : 0, status.Writing);
    }

    /// <summary>What a client would measure; 0 where all came in one or two bursts, which is no rate.</summary>
    private static double RateOf(IReadOnlyList<ArrivedBytes> arrivals) =>
        RateMeasurement.AchievedRate(arrivals) is var achieved && double.IsFinite(achieved) ? achieved : 0;
}
