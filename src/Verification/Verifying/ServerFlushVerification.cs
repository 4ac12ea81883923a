using DaemonProxy.Configuration;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>Measures how long an application's output waits on its way through any server.</summary>
/// <remarks>Each result says how it was measured: see <see cref="DripReader"/>.</remarks>
public static class ServerFlushVerification
{
    /// <summary>
    /// Measures; returns one result, or one for each workload of the sample application. Never throws because of what a server does.
    /// </summary>
    /// <param name="options">What to measure.</param>
    /// <param name="progress">Receives progress reports several times a second; may be null.</param>
    /// <param name="cancellationToken">Ends the measurement; the results cover what was measured so far.</param>
    /// <exception cref="VerificationException">The measurement is not possible as requested.</exception>
    public static async Task<IReadOnlyList<ServerFlushResult>> RunAsync(
        ServerFlushOptions options, IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        options.Check();
        var (endPoints, problem) = await HostAddresses.ResolveAsync(options.Uri, options.WaitLimit, cancellationToken)
            .ConfigureAwait(false);
        if (endPoints.Count == 0)
            return [Judge(
                options, FlushWorkload.AsItComes, options.Uri, DripMeasurement.Failed(MeasurementFailure.NameNotResolved, problem), false)];
        var request = options.Request(endPoints);
        var workloads = options.Sample ? FlushVerification.Workloads : [FlushWorkload.AsItComes];
        if (options.Sample)
            await StampedConnection.ReadAsync(request with { Uri = Below(options.Uri, FlushWorkload.WarmUp) }, cancellationToken)
                .ConfigureAwait(false);
        var results = new List<ServerFlushResult>();
        for (var i = 0; i < workloads.Count && (i == 0 || !cancellationToken.IsCancellationRequested); i++)
        {
            var (workload, before) = (workloads[i], (double)i / workloads.Count);
            var one = request with { Uri = Below(options.Uri, workload.Target) };
            results.Add(await ControlledMeasurement.RunAsync(
                async () => Judge(
                    options, workload, one.Uri,
                    await workload.MeasureAsync(one, options.Duration, options.Every, Report, cancellationToken).ConfigureAwait(false),
                    cancellationToken.IsCancellationRequested),
                result => result is { Passed: false, Problem: null, Interrupted: false },
                (result, why) => result with { Passed = null, NotMeasurable = why }).ConfigureAwait(false));
            if (results[^1].Failure != nameof(MeasurementFailure.None))
                break;

            void Report(string activity, TimeSpan elapsed) =>
                progress?.Report(
                    new VerificationProgress(activity, before + (Math.Min(0.999, elapsed / options.Duration) / workloads.Count)));
        }

        return results;
    }

    private static ServerFlushResult Judge(
        ServerFlushOptions options, FlushWorkload workload, Uri uri, DripMeasurement measured, bool isInterrupted)
    {
        var (failure, problem) = (measured.Failure, measured.Problem);
        if (problem is null && !isInterrupted && measured.Source == LatencySource.None)
        {
            (failure, problem) = (MeasurementFailure.TooShort, measured.Bytes == 0
                ? $"{uri} answers with an empty body; measure an address that drips."
                : $"The body of {uri} ended after {measured.Bytes} bytes and is no drip; measure an address that sends one piece after the "
                + "other.");
        }

        var latency = LatencyDistribution.From(measured.Latencies);
        var expected = options.Limit is { } limit ? $"p99 at most {Units.FormatDuration(limit)}" : "no limit given";
        return new ServerFlushResult
        {
            Uri = uri,
            Workload = workload.Name,
            LatencySource = measured.Source.ToString(),
            Latency = latency,
            Gaps = LatencyDistribution.From(measured.Gaps),
            Every = measured.Every,
            TimeToHead = measured.TimeToHead,
            Bytes = measured.Bytes,
            Expected = latency.Count > 0 ? expected : "a drip",
            Passed = problem is null && !isInterrupted && latency.Count > 0 && (options.Limit is not { } most || latency.P99 <= most),
            Interrupted = isInterrupted,
            Failure = failure.ToString(),
            Problem = problem,
        };
    }

    private static Uri Below(Uri uri, string target) =>
        target.Length == 0 ? uri : new($"{uri.GetLeftPart(UriPartial.Path).TrimEnd('/')}{target}");
}
