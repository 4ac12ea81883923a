using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>
/// Measures how long the bytes of a trickling application wait in the front end, with a real client, through a real front end.
/// </summary>
/// <remarks>
/// If no instance is given, starts one of its own, and measures the default policy and, for comparison, the original's rules: the same
/// policy without a deadline, under which an application that writes more often than the flush delay is never flushed (behaviour.md,
/// section 1).
/// </remarks>
public static class FlushVerification
{
    /// <summary>The daemon group under the original's rules.</summary>
    private const string Original = "original";

    private const string OwnConfiguration =
        $$"""
          daemons:
            - name: default
              sample: true
            - name: {{Original}}
              sample: true
              response-flush-deadline: 0ms
          routes:
            - { path: /default, daemon: default, strip-prefix: true }
            - { path: /{{Original}}, daemon: {{Original}}, strip-prefix: true }
          """;

    /// <summary>Long compared with every drip, even on a busy machine.</summary>
    private static readonly TimeSpan DripLimit = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Each takes at most as long as the drip itself. They run one after the other, because side by side they would delay each other.
    /// </summary>
    internal static readonly IReadOnlyList<FlushWorkload> Workloads =
        [FlushWorkload.HeadersAlone, FlushWorkload.SlowDrip, FlushWorkload.FastDrip];

    /// <summary>Measures; returns one result for each route and workload.</summary>
    /// <param name="options">What to measure.</param>
    /// <param name="progress">Receives progress reports; may be null.</param>
    /// <param name="cancellationToken">Ends the measurement; what was measured in full by then is returned.</param>
    /// <exception cref="OperationCanceledException">It was ended before anything was measured.</exception>
    /// <exception cref="VerificationException">The measurement is not possible as requested.</exception>
    /// <exception cref="ControlException">The instance could not be started, or is not running.</exception>
    public static Task<IReadOnlyList<FlushResult>> RunAsync(
        FlushVerificationOptions options, IProgress<VerificationProgress>? progress, CancellationToken cancellationToken) =>
        options.UseAsync(OwnConfiguration, instance => MeasureAsync(
            // A front end lists its routes in an order of its own.
            instance, options.Name is null
                ? [.. instance.Routes.OrderBy(route => route.Daemon == Original)] : RoutesToMeasure(instance, options.Routes),
            mustWait: options.Name is null, progress, cancellationToken), progress, cancellationToken);

    /// <summary>Measures each workload on each of the given routes.</summary>
    internal static async Task<IReadOnlyList<FlushResult>> MeasureAsync(
        InstanceStatus instance, IReadOnlyList<RouteStatus> routes, bool mustWait,
        IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        var address = new FrontEndAddress(instance);
        return await ResultsSoFar.CollectAsync<FlushResult>(async results =>
        {
            foreach (var route in routes)
            {
                await StampedConnection.ReadAsync(address.Get(route.Route, FlushWorkload.WarmUp), cancellationToken).ConfigureAwait(false);
                foreach (var workload in Workloads)
                {
                    var done = (double)results.Count / (routes.Count * Workloads.Count);
                    progress?.Report(new VerificationProgress($"Measuring {workload.Name} on {route.Route}", done));
                    results.Add(await ControlledMeasurement.RunAsync(
                        () => MeasureAsync(instance, address, route, workload, mustWait, cancellationToken),
                        result => result is { Passed: false, Problem: null },
                        (result, why) => result with { Passed = null, NotMeasurable = why }).ConfigureAwait(false));
                }
            }
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The routes of a running instance that can be measured.</summary>
    /// <exception cref="VerificationException">A requested route does not exist or cannot be measured, or no route can.</exception>
    internal static IReadOnlyList<RouteStatus> RoutesToMeasure(InstanceStatus instance, IReadOnlyList<string> asked) =>
        new SampleRoutes(instance).Choose(asked, route => route.RateLimits[0].Rate == 0, "no rate limit");

    private static async Task<FlushResult> MeasureAsync(
        InstanceStatus instance, FrontEndAddress address, RouteStatus route, FlushWorkload workload, bool mustWait,
            CancellationToken cancellationToken)
    {
        var request = address.Get(route.Route, workload.Target);
        var measured = await workload.MeasureAsync(request, DripLimit, null, (_, _) => { }, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        var problem = SampleRoutes.ProblemOf(route, request.Uri, measured.Status, measured.Problem);
        if (problem is null && measured.Source is LatencySource.None or LatencySource.Gaps)
            problem = $"'{request.Uri.PathAndQuery}' answered something else than a drip; route '{route.Route}' does not lead to the "
                + "sample application.";

        var now = instance.Daemons.First(daemon => daemon.Daemon == route.Daemon).FlushPolicy;
        var policy = new FlushPolicy(now.FlushDelay, now.BufferSize, now.FlushDeadline);
        var latency = LatencyDistribution.From(problem is null ? measured.Latencies : []);
        var (expected, passed) = workload.Judge(policy, latency, mustWait && now.Daemon == Original);
        return new FlushResult
        {
            Workload = workload.Name,
            Route = route.Route,
            Daemon = now.Daemon,
            FlushDelay = policy.FlushDelay,
            BufferSize = policy.BufferSize,
            FlushDeadline = policy.FlushDeadline,
            LatencySource = (problem is null ? measured.Source : LatencySource.None).ToString(),
            Latency = latency,
            Expected = expected,
            Passed = passed && problem is null,
            Problem = problem,
        };
    }
}
