using System.Diagnostics;
using DaemonProxy.Configuration;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>Measures how closely any HTTP server keeps to a rate, over one connection or thousands at the same time.</summary>
/// <remarks>
/// A single connection is measured from the first byte of its body. Several connections are opened as fast as they are answered. They are
/// measured over the same time, starting when all of them have received their first byte, and stay open until the last has been measured.
/// Each is thus measured under the load of all, and their shares can be compared.
///
/// A rate is measured from the beginning of one burst to the beginning of another: see <see cref="Staircase"/>. For seconds, see <see
/// cref="PacingCurve"/>.
/// </remarks>
public static class ServerRateLimitVerification
{
    /// <summary>Up to this many connections have a thread each; more than a few threads would delay each other.</summary>
    internal const int MostThreads = 8;

    /// <summary>How many connections wait for an answer at the same time: fewer than the shortest listen queue in use.</summary>
    private const int MostUnanswered = 64;

    /// <summary>
    /// Total size of all receive buffers, in bytes; each holds at least a page, and no more than one receive can deliver.
    /// </summary>
    private const int ReceiveMemory = 32 << 20;

    /// <summary>How many runs are kept for all connections together.</summary>
    private const int RunMemory = 2 << 20;

    /// <summary>A connection that is not answered within this time no longer prevents others from being opened.</summary>
    private static readonly TimeSpan AnswerWait = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// The measurement begins at most this long after the last connection was opened, with the connections answered by then.
    /// </summary>
    private static readonly TimeSpan BeginWait = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    /// <summary>Measures. Never throws because of what a server does: the result says what went wrong.</summary>
    /// <param name="options">What to measure.</param>
    /// <param name="progress">Receives progress reports several times a second; may be null.</param>
    /// <param name="cancellationToken">Ends the measurement; the result covers what was measured so far.</param>
    /// <exception cref="VerificationException">The measurement is not possible as requested.</exception>
    public static Task<ServerRateLimitResult> RunAsync(
        ServerRateLimitOptions options, IProgress<VerificationProgress>? progress, CancellationToken cancellationToken) =>
        ControlledMeasurement.RunAsync(
            () => MeasureAsync(options, progress, cancellationToken),
            result => result is { Passed: false, Problem: null, Interrupted: false },
            (result, why) => result with { Passed = null, NotMeasurable = why });

    private static async Task<ServerRateLimitResult> MeasureAsync(
        ServerRateLimitOptions options, IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        options.Check();
        OpenFileLimit.Check(options.Connections);
        var startTime = TimeProvider.System.GetLocalNow();
        var (endPoints, problem) = await HostAddresses.ResolveAsync(options.Uri, options.WaitLimit, cancellationToken)
            .ConfigureAwait(false);
        var isInterrupted = cancellationToken.IsCancellationRequested;
        if (endPoints.Count == 0)
            return ServerRateLimitSummary.Failed(
                options, startTime, isInterrupted ? MeasurementFailure.None : MeasurementFailure.NameNotResolved, problem)
                with
            { Interrupted = isInterrupted };
        if (options.Direction == RateDirection.Upload)
            return await ServerUploadMeasurement.RunAsync(options, startTime, endPoints, progress, cancellationToken).ConfigureAwait(false);
        var request = options.Request(endPoints) with
        {
            IsBlocking = options.Connections <= MostThreads,
            ReceiveSize = Math.Clamp(ReceiveMemory / options.Connections, 4096, 256 * 1024),
        };
        var connections = new List<StampedConnection>(options.Connections);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var opening = OpenAsync(options, request, connections, stop.Token);
        await WatchAsync(options, connections, opening, progress, cancellationToken).ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
        await opening.ConfigureAwait(false);
        connections.ForEach(connection => connection.GiveUp());
        await Task.WhenAll(connections.Select(connection => connection.Ended)).ConfigureAwait(false);
        progress?.Report(new VerificationProgress("Measured", 1));
        return ServerRateLimitSummary.From(options, startTime, connections, cancellationToken.IsCancellationRequested);
    }

    /// <summary>Opens the connections. The first one is opened alone: if it fails, the others are not tried.</summary>
    private static async Task OpenAsync(
        ServerRateLimitOptions options, ConnectionRequest request, List<StampedConnection> connections, CancellationToken cancellationToken)
    {
        var capacity = Math.Max(Math.Clamp(RunMemory / options.Connections, 256, 128 << 10), (int)options.Duration.TotalSeconds * 8);
        using var unanswered = new SemaphoreSlim(MostUnanswered);
        var releases = new List<Task>();
        try
        {
            for (var i = 0; i < options.Connections; i++)
            {
                await unanswered.WaitAsync(cancellationToken).ConfigureAwait(false);
                var recorder = new ArrivalRecorder(options.Duration, options.Skip, capacity, options.Connections == 1 ? 0 : long.MaxValue);
                var connection = StampedConnection.Start(request, recorder);
                lock (connections)
                    connections.Add(connection);
                if (i == 0)
                    await Task.WhenAny(connection.Answered, Task.Delay(AnswerWait, TimeProvider.System, cancellationToken))
                        .ConfigureAwait(false);
                if (i == 0 && connection.Failure != MeasurementFailure.None)
                    return;
                releases.Add(ReleaseAsync(connection, unanswered));
            }
        }
        catch (OperationCanceledException)
        {
            // Those that are open are what was measured.
        }
        finally
        {
            await Task.WhenAll(releases).ConfigureAwait(false);
        }
    }

    private static async Task ReleaseAsync(StampedConnection connection, SemaphoreSlim unanswered)
    {
        await Task.WhenAny(connection.Answered, Task.Delay(AnswerWait, TimeProvider.System)).ConfigureAwait(false);
        unanswered.Release();
    }

    /// <summary>Lets the measurement begin, gives up what has fallen silent, tells the progress; returns when all has been seen.</summary>
    private static async Task WatchAsync(
        ServerRateLimitOptions options, List<StampedConnection> shared, Task opening, IProgress<VerificationProgress>? progress,
            CancellationToken cancellationToken)
    {
        var rate = new RecentRate();
        long openedAt = 0, begunAt = 0;
        var hasBegun = options.Connections == 1;
        while (!cancellationToken.IsCancellationRequested)
        {
            StampedConnection[] connections;
            lock (shared)
                connections = [.. shared];
            var now = Stopwatch.GetTimestamp();
            if (openedAt == 0 && opening.IsCompleted)
                openedAt = now;
            if (!hasBegun && openedAt > 0
                && (connections.All(connection => connection.FirstByteAt > 0 || connection.Ended.IsCompleted)
                || Stopwatch.GetElapsedTime(openedAt) > BeginWait))
            {
                hasBegun = true;
                foreach (var connection in connections)
                    connection.Recorder!.Begin();
            }

            foreach (var connection in connections)
                connection.CheckWait();
            if (begunAt == 0 && connections.Any(connection => connection.Recorder!.HasBegun))
                begunAt = now;
            progress?.Report(
                Progress(options, connections, hasBegun, begunAt, rate.After(now, connections.Sum(connection => connection.BodyBytes))));
            if (openedAt > 0 && connections.All(connection => connection.Recorder!.IsEnough || connection.Ended.IsCompleted))
                return;
            var next = Task.Delay(Tick, TimeProvider.System, cancellationToken);
            await (connections.Length == 1 ? Task.WhenAny(next, connections[0].Ended) : Task.WhenAny(next)).ConfigureAwait(false);
        }
    }

    private static VerificationProgress Progress(
        ServerRateLimitOptions options, StampedConnection[] connections, bool hasBegun, long begunAt, double rate)
    {
        if (!hasBegun && connections.Length < options.Connections)
            return new($"Opening connections to {options.Uri.Authority}: {connections.Length} of {options.Connections}", 0);
        var elapsed = begunAt == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(begunAt);
        var of = options.Connections == 1 ? "" : $" over {options.Connections} connections";
        return new(
            string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"{Units.FormatRate((long)rate)}{of}, {Math.Min(elapsed.TotalSeconds, options.Duration.TotalSeconds):0.0} of "
                    + $"{options.Duration.TotalSeconds:0.#} s"),
            Math.Min(0.999, elapsed / options.Duration));
    }

    /// <summary>The rate of the last second.</summary>
    private sealed class RecentRate
    {
        private readonly Queue<(long Timestamp, long Bytes)> _marks = [];

        public double After(long now, long bytes)
        {
            _marks.Enqueue((now, bytes));
            while (_marks.Count > 2 && Stopwatch.GetElapsedTime(_marks.Peek().Timestamp, now) > TimeSpan.FromSeconds(1))
                _marks.Dequeue();
            var (since, before) = _marks.Peek();
            return now == since ? 0 : (bytes - before) / Stopwatch.GetElapsedTime(since, now).TotalSeconds;
        }
    }
}
