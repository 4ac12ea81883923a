using System.Diagnostics;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Filters;
using DaemonProxy.Statistics;
using DaemonProxy.Verification.Advising;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>
/// Checks the advice by experiment: requests a response of a running front end under each flush delay, and compares what the front end
/// counted and the client received with what <see cref="FlushAdvisor"/> predicts.
/// </summary>
/// <remarks>
/// The prediction is made from what the application writes under the default delay, before the first one is tried: under <c>auto</c>, a
/// response that is read ahead shows few of its dry spells. The policy in force comes back at the end, also of a sweep that is given up.
/// Other requests to the same group meanwhile are served under the delays that are tried. What others are sent on the same route is counted
/// with the experiment, because the front end counts by route: each result tells how many such requests there were, and a result that
/// differs from its prediction is no verdict then.
/// </remarks>
public static class FlushSweep
{
    // How long the front end may take to notice that a client has left.
    private const int Looks = 20;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    private const int RunsKept = 1 << 16;

    // How many times as long as a delay is tried the application is watched at most.
    private const int MostTimes = 6;

    // Of fewer flushes, the median is luck.
    private const long FewestFlushes = 20;
    private const double HeldTolerance = 0.1;
    private const double ShareTolerance = 0.05;

    private static readonly TimeSpan HeldAllowance = TimeSpan.FromMilliseconds(1);

    /// <summary>Measures; returns one result for each delay.</summary>
    /// <param name="options">What to try.</param>
    /// <param name="progress">Receives progress reports; may be null.</param>
    /// <param name="cancellationToken">Ends the sweep; the delays tried by then are returned, and the policy is restored.</param>
    /// <exception cref="OperationCanceledException">It was ended before a delay had been tried.</exception>
    /// <exception cref="VerificationException">The sweep is not possible as requested.</exception>
    /// <exception cref="ControlException">The front end is not running, or does not answer.</exception>
    public static async Task<IReadOnlyList<FlushSweepResult>> RunAsync(
        FlushSweepOptions options, IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        options.Check();
        using var client = new ControlClient(options.Name);
        var instance = await client.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        var route = RouteOf(instance, options);
        var policy = instance.Daemons.First(daemon => daemon.Daemon == route.Daemon).FlushPolicy;
        var target = new Target(
            client, new FrontEndAddress(instance).Get("", options.Path), route,
            FlushAdvisor.LimitWaitedFor(instance, route));

        return await ResultsSoFar.CollectAsync<FlushSweepResult>(async results =>
        {
            try
            {
                Report("how the application writes", 0);
                await SetAsync(client, policy.Daemon, FlushPolicy.Default.FlushDelay, cancellationToken).ConfigureAwait(false);
                // A prediction from what a disturbed machine wrote would be one for a disturbed machine.
                var before = await ControlledMeasurement.RunAsync(
                    () => target.MeasureAsync(options.Duration, FlushAdvisor.FewestSpells, cancellationToken),
                    measured => measured.Problem is null && measured.Writing.Spells >= FlushAdvisor.FewestSpells,
                    (measured, why) => measured with { Disturbed = why }).ConfigureAwait(false);
                var rows = Predict(policy, before, target, options);
                var othersBefore = before.Others;
                foreach (var delay in options.Delays)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    await SetAsync(client, policy.Daemon, delay, cancellationToken).ConfigureAwait(false);
                    Report(FlushAdviceRow.TextOf(delay), results.Count + 1);
                    var result = await ControlledMeasurement.RunAsync(
                        async () => Judge(
                            options, policy, rows.First(row => row.Delay == delay), othersBefore,
                            await target.MeasureAsync(options.Duration, 0, cancellationToken).ConfigureAwait(false)),
                        result => result is { Passed: false, Problem: null },
                        (result, why) => result with { Passed = null, NotMeasurable = why }).ConfigureAwait(false);
                    results.Add(result is { Passed: false, Problem: null } && before.Disturbed is { } why
                        ? result with { Passed = null, NotMeasurable = why } : result);
                }
            }
            finally
            {
                // Whatever has ended the sweep; the client's own time limit bounds it.
                await SetAsync(client, policy.Daemon, policy.ConfiguredDelay, CancellationToken.None)
                    .ConfigureAwait(false);
            }
        }, cancellationToken).ConfigureAwait(false);

        void Report(string what, int done) => progress?.Report(
            new VerificationProgress($"Measuring {what} on {options.Path}", (double)done / (options.Delays.Count + 1)));
    }

    /// <summary>The route that serves the path.</summary>
    internal static RouteStatus RouteOf(InstanceStatus instance, FlushSweepOptions options)
    {
        var path = options.Path.Split('?')[0];
        var route = instance.Routes.OrderByDescending(route => route.Route.Length).FirstOrDefault(route => route.Covers(path))
            ?? throw new VerificationException(
                $"No route of '{instance.Name}' serves '{path}'; it has "
                    + $"{string.Join(", ", instance.Routes.Select(route => route.Route))}.");
        if (route.Daemon is null)
            throw new VerificationException(
                $"'{path}' is served by an embedded application, which no flush delay of a daemon group applies to.");
        if (options.Daemon is not null && options.Daemon != route.Daemon)
            throw new VerificationException(
                $"'{path}' is served by daemon group '{route.Daemon}', not by '{options.Daemon}'; give a path of that group.");
        return route;
    }

    private static Task SetAsync(ControlClient client, string daemon, TimeSpan delay, CancellationToken cancellationToken) =>
        client.SetFlushPolicyAsync(FlushPolicyChange.OfDelay(daemon, delay), cancellationToken);

    private static IReadOnlyList<FlushAdviceRow> Predict(
        FlushPolicyStatus policy, Measured before, Target target, FlushSweepOptions options)
    {
        if (before.Problem is not null)
            throw new VerificationException(before.Problem);
        var advice = FlushAdvisor.Advise(
            policy, before.Writing, target.Route.Route, target.Limit, options.Delays,
            isFramed: target.Request.Uri.Scheme == Uri.UriSchemeHttps);
        return advice.Rows.Count > 0 ? advice.Rows : throw new VerificationException(
            advice.Missing == 0
                ? $"There is nothing to compare at '{options.Path}': its responses come without a dry spell, and any delay does."
                : $"'{options.Path}' had {FlushAdvisor.FewestSpells - advice.Missing} dry spells in {before.Elapsed.TotalSeconds:0} s, and "
                    + $"{FlushAdvisor.FewestSpells} are needed; measure for longer, or another path.");
    }

    private static FlushSweepResult Judge(
        FlushSweepOptions options, FlushPolicyStatus policy, FlushAdviceRow predicted, long othersBefore, Measured measured)
    {
        // A delay holds at least for its own length, and what lies in its bucket does so for that reason.
        var floor = predicted.Delay == FlushPolicy.Auto ? TimeSpan.Zero : predicted.Delay;
        var (p50, p99) = (measured.Writing.Holds.Percentile(0.5, floor), measured.Writing.Holds.Percentile(0.99, floor));
        return Judged(new FlushSweepResult
        {
            Name = options.Name,
            Daemon = policy.Daemon,
            Path = options.Path,
            Delay = predicted.Delay,
            Predicted = predicted,
            Flushes = measured.Flushes,
            FlushesPerSecond = measured.Flushes / Math.Max(1e-3, measured.Duration.TotalSeconds),
            HeldP50 = p50,
            HeldP99 = p99,
            RateShare = measured.RateShare,
            OtherRequests = othersBefore + measured.Others,
            Passed = measured.Problem is null && IsNear(predicted, p50, measured),
            Problem = measured.Problem,
        });
    }

    /// <summary>Takes the verdict from a result that differs from its prediction where others were served meanwhile.</summary>
    internal static FlushSweepResult Judged(FlushSweepResult result) => result is { Passed: false, Problem: null, OtherRequests: > 0 }
        ? result with
        {
            Passed = null,
            NotMeasurable = $"not measurable now: {FlushSweepResult.OthersText(result.OtherRequests)}",
        }
        : result;

    private static bool IsNear(FlushAdviceRow predicted, TimeSpan? held, Measured measured)
    {
        var isHeldNear = measured.Flushes < FewestFlushes || held is not { } now || predicted.HeldP50 is not { } then
            || (now - then).Duration() <= Longer(HeldAllowance, then * HeldTolerance);
        var isShareNear = measured.RateShare is not { } got || predicted.RateShare is not { } expected
            || Math.Abs(got - expected) <= ShareTolerance * Math.Max(got, expected);
        return isHeldNear && isShareNear;
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private sealed record Measured(
        WritingStatus Writing, long Flushes, TimeSpan Duration, double? RateShare, string? Problem)
    {
        /// <summary>How long was measured in all.</summary>
        public TimeSpan Elapsed { get; init; }

        /// <summary>Requests of others that the route served meanwhile, at least.</summary>
        public long Others { get; init; }

        /// <summary>Why nothing should be concluded from it, in one sentence; null: it may.</summary>
        public string? Disturbed { get; init; }
    }

    /// <summary>A response that is requested, and the counters of its route.</summary>
    private sealed record Target(ControlClient Client, ConnectionRequest Request, RouteStatus Route, RateLimit? Limit)
    {
        // Own requests that the front end had not ended yet when they had been measured: it ends them under the next delay.
        private long _left;

        private long Rate => Limit?.Rate ?? 0;

        /// <summary>Requests the response for as long as asked, again and again if it is shorter.</summary>
        /// <param name="duration">How long.</param>
        /// <param name="spells">If it has had fewer dry spells by then, go on, up to six times as long if that may be enough.</param>
        /// <param name="cancellationToken">Ends the measurement.</param>
        public async Task<Measured> MeasureAsync(TimeSpan duration, long spells, CancellationToken cancellationToken)
        {
            var (before, activeBefore) = await TrafficAsync(cancellationToken).ConfigureAwait(false);
            var own = _left;
            var start = Stopwatch.GetTimestamp();
            var sum = new Measured(WritingStatus.None, 0, TimeSpan.Zero, null, null);
            var (paced, pacedBytes) = (TimeSpan.Zero, 0.0);
            for (var until = duration; until <= MostTimes * duration; until += duration)
            {
                while (Stopwatch.GetElapsedTime(start) is var passed && passed < until)
                {
                    var recorder = new ArrivalRecorder(until - passed, 0, RunsKept);
                    var connection = StampedConnection.Start(Request with { TakesAnyStatus = false, WaitLimit = LongestWait }, recorder);
                    own++;
                    var end = until + Grace;
                    await connection.WatchAsync(
                        connection.Ended, () => recorder.IsEnough || Stopwatch.GetElapsedTime(start) > end, cancellationToken)
                        .ConfigureAwait(false);
                    cancellationToken.ThrowIfCancellationRequested();
                    if (connection.Problem is { } problem)
                        return sum with { Problem = problem };
                    if (connection.FirstByteAt > 0)
                        sum = sum with { Duration = sum.Duration + Stopwatch.GetElapsedTime(connection.FirstByteAt) };
                    var course = RateMeasurement.Measure(recorder.Arrivals(), Math.Max(1, Rate), 0, duration).Course;
                    if (course.AchievedRate > 0)
                        (paced, pacedBytes) = (paced + course.Duration, pacedBytes + (course.AchievedRate * course.Duration.TotalSeconds));
                }

                var (after, active) = await TrafficOnceEndedAsync(activeBefore, cancellationToken).ConfigureAwait(false);
                sum = sum with
                {
                    Elapsed = Stopwatch.GetElapsedTime(start),
                    Writing = after.Writing.Since(before.Writing),
                    Flushes = FlushesOf(after) - FlushesOf(before),
                    Others = Math.Max(0, after.Requests + active - before.Requests - own),
                };
                _left = Math.Clamp(active - activeBefore, 0, 1);
                if (sum.Writing.Spells is var seen && (seen >= spells || seen * MostTimes < spells))
                    break;
            }

            return sum with { RateShare = Rate > 0 && paced > TimeSpan.Zero ? pacedBytes / paced.TotalSeconds / Rate : null };
        }

        private static TimeSpan Grace => TimeSpan.FromSeconds(1);

        // An idle stream may be silent for long.
        private static TimeSpan LongestWait => TimeSpan.FromSeconds(60);

        private static long FlushesOf(TrafficStatus traffic) => traffic.IdleFlushes + traffic.DeadlineFlushes + traffic.GuardFlushes;

        /// <summary>The same once the front end has noticed that its last response is not wanted any more, or nearly at once.</summary>
        private async Task<(TrafficStatus Counts, long Active)> TrafficOnceEndedAsync(
            long activeBefore, CancellationToken cancellationToken)
        {
            var traffic = await TrafficAsync(cancellationToken).ConfigureAwait(false);
            for (var look = 0; look < Looks && traffic.Active > activeBefore; look++)
            {
                await Task.Delay(BetweenLooks, TimeProvider.System, cancellationToken).ConfigureAwait(false);
                traffic = await TrafficAsync(cancellationToken).ConfigureAwait(false);
            }

            return traffic;
        }

        /// <summary>The route's counts, and how many requests it is serving.</summary>
        private async Task<(TrafficStatus Counts, long Active)> TrafficAsync(CancellationToken cancellationToken)
        {
            var (status, responses, _) = await Client.GetActivityAsync(cancellationToken).ConfigureAwait(false);
            return (status.Routes.FirstOrDefault(route => route.Route == Route.Route)?.Traffic ?? TrafficStatus.None,
                responses.ByRoute.GetValueOrDefault(Route.Route)?.Count ?? 0);
        }
    }
}
