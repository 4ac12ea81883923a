using System.Diagnostics;
using System.Globalization;
using System.Net;
using DaemonProxy.Configuration;

namespace DaemonProxy.Verification.Servers;

/// <summary>Measures how long what an application has written waits on its way through any server.</summary>
/// <remarks>What is measured by what is told by each result: see <see cref="DripReader"/>. One probe at a time: side by side they would be late for each other.</remarks>
public static class ServerFlushVerification
{
    private const string AsItComes = "as it comes";

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

    /// <summary>Measures; one result, or one for each workload of the sample application. Never throws for what a server does.</summary>
    /// <param name="options">What to measure.</param>
    /// <param name="progress">Told several times a second how far it has come; may be null.</param>
    /// <param name="cancellationToken">Ends the measuring; the results are of what was measured so far.</param>
    /// <exception cref="VerificationException">It cannot be measured as asked.</exception>
    public static async Task<IReadOnlyList<ServerFlushResult>> RunAsync(
        ServerFlushOptions options, IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        options.Check();
        var (endPoints, problem) = await ServerRateLimitVerification.ResolveAsync(options.Uri, options.WaitLimit, cancellationToken).ConfigureAwait(false);
        if (endPoints.Count == 0)
            return [Failed(options.Uri, AsItComes, ServerFailure.NameNotResolved, problem)];
        if (!options.Sample)
            return [await DripAsync(options, options.Uri, AsItComes, endPoints, progress, 0, 1, cancellationToken).ConfigureAwait(false)];

        // Code that runs for the first time is compiled meanwhile; that is not what is to be measured.
        await DripAsync(options, Below(options.Uri, "/drip?count=20&chunk=24&every-ms=3"), AsItComes, endPoints, null, 0, 1, cancellationToken).ConfigureAwait(false);
        var results = new List<ServerFlushResult>();
        var workloads = FlushVerification.Workloads;
        for (var i = 0; i < workloads.Count && !cancellationToken.IsCancellationRequested; i++)
        {
            var uri = Below(options.Uri, workloads[i].Target);
            results.Add(workloads[i].ChunkSize == 0
                ? await HeadersAsync(options, uri, workloads[i], endPoints, progress, (double)i / workloads.Count, cancellationToken).ConfigureAwait(false)
                : await DripAsync(options, uri, workloads[i].Name, endPoints, progress, (double)i / workloads.Count, 1d / workloads.Count, cancellationToken).ConfigureAwait(false));
            if (results[^1].Failure != ServerFailure.None)
                break;
        }

        return results;
    }

    private static async Task<ServerFlushResult> DripAsync(
        ServerFlushOptions options, Uri uri, string workload, IReadOnlyList<IPEndPoint> endPoints,
        IProgress<VerificationProgress>? progress, double from, double share, CancellationToken cancellationToken)
    {
        var clock = WallClock.Read();
        var connection = Connect(options, uri, endPoints);
        while (!connection.Ended.IsCompleted && !cancellationToken.IsCancellationRequested)
        {
            connection.CheckWait();
            var elapsed = connection.FirstByteAt == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(connection.FirstByteAt);
            if (elapsed > options.Duration)
                break;
            progress?.Report(new VerificationProgress(
                string.Create(CultureInfo.InvariantCulture, $"{workload}: {connection.BodyBytes} bytes, {elapsed.TotalSeconds:0.0} s"), from + (share * Math.Min(0.999, elapsed / options.Duration))));
            await Task.WhenAny(connection.Ended, Task.Delay(Tick, cancellationToken)).ConfigureAwait(false);
        }

        connection.GiveUp();
        await connection.Ended.ConfigureAwait(false);
        var result = Failed(uri, workload, connection.Failure, connection.Problem) with
        {
            TimeToHead = TimeToHead(connection),
            Bytes = connection.BodyBytes,
            Interrupted = cancellationToken.IsCancellationRequested,
            Gaps = LatencyDistribution.Of(connection.Receipts.Zip(connection.Receipts.Skip(1), (one, next) => Stopwatch.GetElapsedTime(one.Timestamp, next.Timestamp))),
        };
        if (connection.Failure == ServerFailure.UnexpectedAnswer)
            return result;
        if (connection.Receipts.Count == 0)
            return result.Problem is not null ? result : result with { Failure = ServerFailure.TooShort, Problem = $"{uri} answers with an empty body; measure an address that drips." };
        var isEventStream = connection.Response.Headers.TryGetValue("Content-Type", out var type) && type.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase);
        var (source, latencies, every) = DripReader.Read(
            connection.Response.Body.Span, connection.Receipts, clock, isEventStream, endPoints.All(endPoint => IPAddress.IsLoopback(endPoint.Address)), options.Every);
        if (source == LatencySource.None && result.Problem is null)
            result = result with { Failure = ServerFailure.TooShort, Problem = $"The body of {uri} ended after {connection.BodyBytes} bytes and is no drip; measure an address that sends one piece after the other." };
        return Judge(options, result with { LatencySource = source, Latency = LatencyDistribution.Of(latencies), Every = every });
    }

    private static async Task<ServerFlushResult> HeadersAsync(
        ServerFlushOptions options, Uri uri, FlushWorkload workload, IReadOnlyList<IPEndPoint> endPoints,
        IProgress<VerificationProgress>? progress, double from, CancellationToken cancellationToken)
    {
        var latencies = new List<TimeSpan>();
        for (var i = 0; i < workload.Requests && !cancellationToken.IsCancellationRequested; i++)
        {
            progress?.Report(new VerificationProgress($"{workload.Name}: {i} of {workload.Requests}", from));
            var connection = Connect(options, uri, endPoints);
            while (!connection.Answered.IsCompleted && !cancellationToken.IsCancellationRequested)
            {
                connection.CheckWait();
                await Task.WhenAny(connection.Answered, Task.Delay(Tick, cancellationToken)).ConfigureAwait(false);
            }

            connection.GiveUp();
            await connection.Ended.ConfigureAwait(false);
            if (connection.Failure != ServerFailure.None)
                return Failed(uri, workload.Name, connection.Failure, connection.Problem);
            if (TimeToHead(connection) is { } time)
                latencies.Add(time);
        }

        return Judge(options, Failed(uri, workload.Name, ServerFailure.None, null) with
        {
            LatencySource = latencies.Count > 0 ? LatencySource.Request : LatencySource.None,
            Latency = LatencyDistribution.Of(latencies),
            TimeToHead = latencies.Count > 0 ? latencies.Max() : null,
            Interrupted = cancellationToken.IsCancellationRequested,
        });
    }

    private static ServerConnection Connect(ServerFlushOptions options, Uri uri, IReadOnlyList<IPEndPoint> endPoints)
    {
        var request = new ServerRequest
        {
            Uri = uri,
            EndPoints = endPoints,
            Bytes = ServerRequest.Head(uri, options.Headers),
            SkipCertificateCheck = options.SkipCertificateCheck,
            ReceiveSize = 64 * 1024,
            KeepBody = true,
            WaitLimit = options.WaitLimit,
        };
        var connection = new ServerConnection(request, new ArrivalRecorder(options.Duration, 0, 16), isBlocking: true);
        connection.Start();
        return connection;
    }

    private static ServerFlushResult Judge(ServerFlushOptions options, ServerFlushResult result) => result with
    {
        Expected = options.Limit is { } limit ? $"p99 at most {Units.FormatDuration(limit)}" : "no limit given",
        Passed = result.Problem is null && !result.Interrupted && result.Latency.Count > 0 && (options.Limit is not { } most || result.Latency.P99 <= most),
    };

    private static TimeSpan? TimeToHead(ServerConnection connection) =>
        connection.Times.HeadAt == 0 ? null : Stopwatch.GetElapsedTime(connection.Times.SentAt, connection.Times.HeadAt);

    private static Uri Below(Uri uri, string target) => new($"{uri.GetLeftPart(UriPartial.Path).TrimEnd('/')}{target}");

    private static ServerFlushResult Failed(Uri uri, string workload, ServerFailure failure, string? problem) => new()
    {
        Uri = uri,
        Workload = workload,
        Latency = LatencyDistribution.Of([]),
        Gaps = LatencyDistribution.Of([]),
        Expected = "a drip",
        Failure = failure,
        Problem = problem,
    };
}
