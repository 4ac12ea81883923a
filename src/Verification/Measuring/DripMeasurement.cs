using System.Diagnostics;
using System.Net;

namespace DaemonProxy.Verification.Measuring;

/// <summary>
/// How late the pieces of one dripping response were, or the heads of several: measured by one connection after the other.
/// </summary>
/// <remarks>Side by side they would be late for each other.</remarks>
internal sealed record DripMeasurement
{
    /// <summary>What <see cref="Latencies"/> were measured by; see <see cref="DripReader"/>.</summary>
    public LatencySource Source { get; private init; }

    /// <summary>From the writing of each piece to its receive, or what comes nearest.</summary>
    public IReadOnlyList<TimeSpan> Latencies { get; private init; } = [];

    /// <summary>The time between two receives.</summary>
    public IReadOnlyList<TimeSpan> Gaps { get; private init; } = [];

    /// <summary>The time between two writes that <see cref="LatencySource.Gaps"/> counts from.</summary>
    public TimeSpan? Every { get; private init; }

    /// <summary>From the request to the head of the response, the longest of several; null when none came.</summary>
    public TimeSpan? TimeToHead { get; private init; }

    /// <summary>The status; 0 when none came.</summary>
    public int Status { get; private init; }

    /// <summary>Body bytes.</summary>
    public long Bytes { get; private init; }

    /// <summary>What kind of thing went wrong.</summary>
    public MeasurementFailure Failure { get; private init; }

    /// <summary>The same in one sentence; null when nothing did.</summary>
    public string? Problem { get; private init; }

    /// <summary>A measurement that came to nothing.</summary>
    public static DripMeasurement Failed(MeasurementFailure failure, string problem) => new() { Failure = failure, Problem = problem };

    /// <summary>Listens to one drip.</summary>
    /// <param name="request">What to ask for.</param>
    /// <param name="duration">How long to listen from the first byte.</param>
    /// <param name="every">The time between two writes, where it is known.</param>
    /// <param name="look">Called several times a second with the bytes so far and the time since the first.</param>
    /// <param name="cancellationToken">Ends the listening; what has come is measured.</param>
    public static async Task<DripMeasurement> ListenAsync(
        ConnectionRequest request, TimeSpan duration, TimeSpan? every, Action<long, TimeSpan> look, CancellationToken cancellationToken)
    {
        var clock = WallClock.Read();
        var connection = StampedConnection.Start(request with { KeepBody = true, ReceiveSize = 64 * 1024 });
        await connection.WatchAsync(connection.Ended, IsEnough, cancellationToken).ConfigureAwait(false);
        var receipts = connection.Receipts;
        var measured = From(connection) with
        {
            Gaps = [.. receipts.Zip(receipts.Skip(1), (one, next) => Stopwatch.GetElapsedTime(one.Timestamp, next.Timestamp))],
        };
        if (connection.Failure == MeasurementFailure.UnexpectedAnswer || receipts.Count == 0)
            return measured;
        var isEventStream = connection.Response.Headers.TryGetValue("Content-Type", out var type)
            && type.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase);
        var isSameMachine = request.EndPoints.All(
            endPoint => endPoint is not IPEndPoint { Address: var address } || IPAddress.IsLoopback(address));
        var (source, latencies, interval) = DripReader.Read(
            connection.Response.Body.Span, receipts, clock, isEventStream, isSameMachine, every);
        return measured with { Source = source, Latencies = latencies, Every = interval };

        bool IsEnough()
        {
            var elapsed = connection.FirstByteAt == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(connection.FirstByteAt);
            look(connection.BodyBytes, elapsed);
            return elapsed > duration;
        }
    }

    /// <summary>Asks several times, and reads no further than the head.</summary>
    /// <param name="request">What to ask for.</param>
    /// <param name="count">How many times.</param>
    /// <param name="look">Called before each with the number of those before.</param>
    /// <param name="cancellationToken">Ends the asking; the heads that have come are measured.</param>
    public static async Task<DripMeasurement> AskForHeadsAsync(
        ConnectionRequest request, int count, Action<int> look, CancellationToken cancellationToken)
    {
        var latencies = new List<TimeSpan>();
        for (var i = 0; i < count && !cancellationToken.IsCancellationRequested; i++)
        {
            look(i);
            var connection = StampedConnection.Start(request);
            await connection.WatchAsync(connection.Answered, () => false, cancellationToken).ConfigureAwait(false);
            if (connection.Failure != MeasurementFailure.None || connection.Response.Status is not (0 or 200))
                return From(connection);
            if (connection.TimeToHead is { } time)
                latencies.Add(time);
        }

        return latencies.Count == 0
            ? new()
            : new() { Source = LatencySource.Request, Latencies = latencies, TimeToHead = latencies.Max(), Status = 200 };
    }

    private static DripMeasurement From(StampedConnection connection) => new()
    {
        TimeToHead = connection.TimeToHead,
        Status = connection.Response.Status,
        Bytes = connection.BodyBytes,
        Failure = connection.Failure,
        Problem = connection.Problem,
    };
}
