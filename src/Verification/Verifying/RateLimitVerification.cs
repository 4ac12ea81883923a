using System.Diagnostics;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Pacing;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>Measures whether rate limits are kept, with a real client, through a real front end.</summary>
/// <remarks>
/// If no instance is given, starts one of its own, and measures each pacer side by side under the flush policy of 6.0.2 and under the one
/// before it. The application writes blocks of 8 KiB with stalls of up to a millisecond between them, like an application that generates
/// its output: the socket runs dry now and then, and the policy before 6.0.2 responds with a flush.
///
/// The achieved rate is measured from the first byte of the body to the beginning of a burst, over the bytes that had arrived before that
/// burst. This measures a pacer that sends a chunk every 200 ms exactly, not up to a chunk too high or too low.
/// </remarks>
public static class RateLimitVerification
{
    /// <summary>The daemon group under the flush policy of 6.0.2.</summary>
    private const string Modern = "modern";

    /// <summary>The daemon group under the flush policy before 6.0.2.</summary>
    private const string Before602 = "before-6-0-2";

    /// <summary>
    /// The size of the application's blocks. At fast rates they grow to this part of a second's bytes: with stalls of half a millisecond on
    /// average, 8 KiB blocks amount to 16 MiB/s, and the application is not what is being measured.
    /// </summary>
    private const int BlockSize = 8192;
    private const int BlocksPerSecond = 128;
    private const int LongestStall = 1;

    private const int BeginningsPerSecond = 4;

    /// <summary>
    /// The first request to each route is cut off after this time and not measured. Code that a fresh front end runs for the first time is
    /// compiled meanwhile; in a measured request, this would delay the first bytes relative to the others.
    /// </summary>
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(600);

    /// <summary>Longer than any measurement, so that the body does not end early even if a route is this much too fast.</summary>
    private static readonly TimeSpan Spare = TimeSpan.FromSeconds(10);

    /// <summary>For each response: enough for an hour with a write every 20 ms.</summary>
    private const int RunsKept = 1 << 18;

    /// <summary>Measures; returns one result for each pacer and flush policy, or for each route of the given instance.</summary>
    /// <param name="options">What to measure.</param>
    /// <param name="progress">Receives progress reports several times a second; may be null.</param>
    /// <param name="cancellationToken">Ends the measurement; the results cover what was measured so far.</param>
    /// <exception cref="OperationCanceledException">It was ended before anything was measured.</exception>
    /// <exception cref="VerificationException">The measurement is not possible as requested.</exception>
    /// <exception cref="ControlException">The instance could not be started, or is not running.</exception>
    public static Task<IReadOnlyList<RateLimitResult>> RunAsync(
        RateLimitVerificationOptions options, IProgress<VerificationProgress>? progress, CancellationToken cancellationToken) =>
        options.UseAsync(
            options.Direction == RateDirection.Upload ? OwnUploadConfiguration(options.Rate) : OwnConfiguration(options.Rate),
            instance => MeasureAsync(
            instance, options.Name is null
                ? InOrder(instance.Routes)
                : RoutesToMeasure(instance, options.Routes, options.Direction), options, progress, cancellationToken),
            progress, cancellationToken);

    /// <summary>Measures the given routes of an instance, all at the same time.</summary>
    internal static async Task<IReadOnlyList<RateLimitResult>> MeasureAsync(
        InstanceStatus instance, IReadOnlyList<RouteStatus> routes, RateLimitVerificationOptions options,
        IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        var address = new FrontEndAddress(instance);
        progress?.Report(new VerificationProgress("Warming up", 0));
        await Task.WhenAll(routes.Select(route =>
            StampedConnection.ReadAsync(Request(address, route, options) with { Limit = WarmUp }, cancellationToken)))
                .ConfigureAwait(false);

        return await ControlledMeasurement.RunAsync(
            routes.Count,
            rows => MeasureSideBySideAsync(instance, [.. rows.Select(row => routes[row])], options, progress, cancellationToken),
            result => result is { Passed: false, Problem: null, Interrupted: false },
            (result, why) => result with { Passed = null, NotMeasurable = why }).ConfigureAwait(false);
    }

    private static async Task<IReadOnlyList<RateLimitResult>> MeasureSideBySideAsync(
        InstanceStatus instance, IReadOnlyList<RouteStatus> routes, RateLimitVerificationOptions options,
        IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        var address = new FrontEndAddress(instance);
        var connections = routes
            .Select(route => StampedConnection.Start(
                Request(address, route, options), new ArrivalRecorder(options.Duration, SkipOf(route, options), RunsKept)))
            .ToList();
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(connections.Select((connection, i) =>
            connection.WatchAsync(connection.Ended, () => IsEnough(connection, i == 0 ? progress : null), cancellationToken)))
                .ConfigureAwait(false);
        var isInterrupted = cancellationToken.IsCancellationRequested;
        if (isInterrupted && connections.All(connection => connection.BodyBytes == 0)) throw new OperationCanceledException(cancellationToken);
        return [.. routes.Zip(connections, (route, connection) => Judge(instance, route, options, connection, isInterrupted))];

        bool IsEnough(StampedConnection connection, IProgress<VerificationProgress>? told)
        {
            var elapsed = Stopwatch.GetElapsedTime(start);
            told?.Report(new VerificationProgress(
                $"Measuring {routes.Count} rates side by side: {Math.Min(elapsed.TotalSeconds, options.Duration.TotalSeconds):0.0} of "
                    + $"{options.Duration.TotalSeconds:0.#} s",
                Math.Min(1, elapsed / options.Duration)));
            return connection.Recorder!.IsEnough;
        }
    }

    /// <summary>The routes of a running instance that can be measured.</summary>
    /// <exception cref="VerificationException">A requested route does not exist or cannot be measured, or no route can.</exception>
    internal static IReadOnlyList<RouteStatus> RoutesToMeasure(
        InstanceStatus instance, IReadOnlyList<string> asked, RateDirection direction = RateDirection.Download) =>
        direction == RateDirection.Download
            ? new SampleRoutes(instance).Choose(asked, route => route.RateLimits[0].Rate > 0, "a rate limit")
            // What is uploaded comes back as the response, which must not be slower.
            : new SampleRoutes(instance).Choose(
                asked, route => route.UploadRateLimits is [{ Rate: > 0 }, ..] && route.RateLimits.All(limit => limit.Rate == 0),
                "a rate limit of uploads and none of responses");

    private static string OwnConfiguration(long rate) =>
        $"""
         daemons:
           - name: {Modern}
             sample: true
             response-flush-delay: 5ms
             response-buffer-size: 8MiB
           - name: {Before602}
             sample: true
             response-flush-delay: 0ms
             response-buffer-size: 64KiB
             response-flush-deadline: 0ms
         routes:
         {OwnRoutes(rate)}
         """;

    /// <summary>
    /// Sorts the results so that each pacer under the policy of 6.0.2 comes first; a front end lists its routes in an order of its own.
    /// </summary>
    private static IReadOnlyList<RouteStatus> InOrder(IReadOnlyList<RouteStatus> routes) =>
        [.. routes.OrderBy(route => route.RateLimits[0].Pacer).ThenBy(route => route.Daemon == Before602)];

    // A pacer that lets small writes pass has no measurable rate.
    private static string OwnRoutes(long rate) => string.Join('\n', PacerTable.All.Where(pacer => pacer.KeepsRate)
        .SelectMany(pacer => new[] { Modern, Before602 }, (pacer, daemon) => $"  - {OwnRoute(pacer.Name, daemon, rate)}"));

    private static string OwnRoute(string pacer, string daemon, long rate) =>
        $"{{ path: /{pacer}/{daemon}, daemon: {daemon}, strip-prefix: true, rate-limit: {rate}B/s, pacer: {pacer} }}";

    private static string OwnUploadConfiguration(long rate) =>
        $"""
         daemons:
           - name: {Modern}
             sample: true
         routes:
           - {'{'} path: /upload, daemon: {Modern}, strip-prefix: true, upload-rate-limit: {rate}B/s {'}'}
         """;

    /// <summary>
    /// What is left out at the beginning of an upload, bytes: until it flows, the response in which it comes back is only beginning.
    /// </summary>
    private static long SkipOf(RouteStatus route, RateLimitVerificationOptions options) => options.Direction == RateDirection.Upload
        ? LimitOf(route, options).InitialBurst + (LimitOf(route, options).Rate / BeginningsPerSecond) : 0;

    private static RateLimitStatus LimitOf(RouteStatus route, RateLimitVerificationOptions options) =>
        options.Direction == RateDirection.Upload ? route.UploadRateLimits[0] : route.RateLimits[0];

    private static ConnectionRequest Request(FrontEndAddress address, RouteStatus route, RateLimitVerificationOptions options)
    {
        var limit = LimitOf(route, options);
        var bytes = limit.InitialBurst + (long)(limit.Rate * (options.Duration + Spare).TotalSeconds);
        // What the application has received comes back at once: when it arrives here says when it arrived there.
        if (options.Direction == RateDirection.Upload) return address.Get(route.Route, "/echo?raw=1") with { Upload = bytes };
        var block = Math.Max(BlockSize, limit.Rate / BlocksPerSecond);
        return address.Get(route.Route, $"/stream?n={bytes}&chunk={block}&stall-ms={LongestStall}");
    }

    private static RateLimitResult Judge(
        InstanceStatus instance, RouteStatus route, RateLimitVerificationOptions options, StampedConnection connection, bool isInterrupted)
    {
        var limit = LimitOf(route, options);
        var pacer = Enum.Parse<PacerKind>(limit.Pacer);
        var burst = options.Direction == RateDirection.Upload ? 0 : limit.InitialBurst;
        var (measured, _) = RateMeasurement.Measure(connection.Recorder!.Arrivals(), limit.Rate, burst, options.Duration);
        var policy = instance.Daemons.First(daemon => daemon.Daemon == route.Daemon).FlushPolicy;
        // The defect is expected only of the combination that was started to show it; a user whose own instance has it wants to know.
        var expectation = options.Name is null && route.Daemon == Before602 && PacerTable.Get(pacer).FlushCost > TimeSpan.Zero
            ? RateLimitExpectation.FallsBelowTheRate(pacer, limit.Rate)
            : RateLimitExpectation.KeepsToTheRate(pacer, options.Tolerance);
        var target = Request(new FrontEndAddress(instance), route, options).Uri;
        var problem = SampleRoutes.ProblemOf(route, target, connection.Response.Status, connection.Problem)
            ?? (measured.AchievedRate > 0
            ? null : isInterrupted ? "Interrupted before there was a rate to measure."
            : $"All {connection.BodyBytes} bytes came in one burst, which has no rate; measure for longer.");
        return new RateLimitResult(measured)
        {
            Route = route.Route,
            Direction = options.Direction.ToString(),
            Daemon = policy.Daemon,
            Pacer = limit.Pacer,
            FlushDelay = policy.FlushDelay,
            BufferSize = policy.BufferSize,
            TimeToFirstByte = connection.TimeToFirstByte,
            Expected = expectation.Text,
            Passed = problem is null && !isInterrupted && expectation.IsMetBy(measured.Ratio),
            Interrupted = isInterrupted,
            Problem = problem,
        };
    }
}
