using System.Diagnostics.Metrics;
using DaemonProxy.Daemons;
using DaemonProxy.Statistics;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// The front end's statistics as .NET meters, named after OpenTelemetry's conventions for HTTP servers where a convention exists. Counts
/// are read on demand; only the duration is recorded with each request. The Prometheus page is read from these instruments, so that each is
/// described only once.
/// </summary>
internal sealed class FrontEndMeter : IDisposable
{
    public const string Name = "DaemonProxy";

    private const string DaemonTag = "daemonproxy.daemon";
    private const string RouteTag = "http.route";
    private const string RouteLabel = "http_route";

    // The bucket boundaries that OpenTelemetry recommends for http.server.request.duration, seconds.
    private static readonly double[] Buckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

    // The words of an enumeration are looked up by reflection, and a page of thousands of routes has them thousands of times.
    private static readonly (FlushReason Reason, KeyValuePair<string, object?> Tag)[] FlushReasons =
        [.. Enum.GetValues<FlushReason>().Select(reason => (reason, Reason(reason)))];

    private static readonly (RestartReason Reason, KeyValuePair<string, object?> Tag)[] RestartReasons =
        [.. Enum.GetValues<RestartReason>().Select(reason => (reason, Reason(reason)))];

    private readonly StatisticsBook _statistics;
    private readonly Histogram<double> _duration;

    /// <summary>Creates the meter.</summary>
    /// <param name="statistics">The counts.</param>
    /// <param name="groups">Returns the groups that are being served.</param>
    public FrontEndMeter(StatisticsBook statistics, Func<IReadOnlyList<DaemonGroup>> groups)
    {
        _statistics = statistics;
        _duration = Meter.CreateHistogram<double>(
            "http.server.request.duration", "s", "Duration of HTTP server requests.", tags: null,
            advice: new() { HistogramBucketBoundaries = Buckets });
        Meter.CreateObservableUpDownCounter(
            "http.server.active_requests", () =>
            groups().Select(group => Of<long>(group.Queue.Active, Daemon(group.Options.Name))), "{request}",
            "Requests that daemons are serving.");
        Meter.CreateObservableUpDownCounter(
            "daemonproxy.waiting_requests", () =>
            groups().Select(group => Of<long>(group.Queue.Waiting, Daemon(group.Options.Name))), "{request}",
            "Requests that wait for a worker.");
        Meter.CreateObservableCounter(
            "daemonproxy.response.size", () =>
            statistics.Routes.Select(route => Of(route.Value.Bytes, Route(route.Key))), "By", "Bytes of response bodies sent.");
        Meter.CreateObservableCounter(
            "daemonproxy.queue.time", () =>
            statistics.Groups.Select(group => Of(group.Value.Traffic.QueueTime.TotalSeconds, Daemon(group.Key))), "s",
            "Time that requests have waited for a worker.");
        Meter.CreateObservableCounter("daemonproxy.flushes", () => statistics.Routes.SelectMany(route =>
            FlushReasons.Select(one => Of(route.Value.Flushes[one.Reason], Route(route.Key), one.Tag))), "{flush}", "Flushes in responses.");
        Meter.CreateObservableCounter("daemonproxy.daemon.restarts", () => statistics.Groups.SelectMany(group =>
            RestartReasons.Select(one => Of(group.Value.Restarts[one.Reason], Daemon(group.Key), one.Tag))), "{restart}",
                "Workers started again.");
        Page = new PrometheusPage(Meter);
        // A dry spell is far more frequent than a request: it is counted where it occurs, and not recorded by an instrument.
        Page.AddHistogram(
            "daemonproxy_dry_spell_seconds", "Time without anything to read in the middle of a response.", WritingCounter.Octaves,
            [RouteLabel, "daemonproxy_kind"], () => Writing(statistics).SelectMany(route => new[]
            {
                (new[] { route.Path, nameof(DrySpellKind.Stall) }, route.Writing.Stalls),
                (new[] { route.Path, nameof(DrySpellKind.Pause) }, route.Writing.Pauses),
            }));
        Page.AddHistogram(
            "daemonproxy_held_output_seconds", "Time that output was held for its flush.", WritingCounter.Octaves, [RouteLabel],
            () => Writing(statistics).Select(route => (new[] { route.Path }, route.Writing.Holds)));
    }

    private static IEnumerable<(string Path, WritingStatus Writing)> Writing(StatisticsBook statistics) =>
        statistics.Routes.Select(route => (route.Key, route.Value.WritingStatus));

    public Meter Meter { get; } = new(Name);

    /// <summary>The same statistics for Prometheus.</summary>
    public PrometheusPage Page { get; }

    /// <summary>Records a finished request.</summary>
    public void Record(string method, RequestRecord record, in FinishedRequest finished)
    {
        _duration.Record(finished.Duration.TotalSeconds,
            new KeyValuePair<string, object?>("http.request.method", RequestMethod.Known(method)),
            new KeyValuePair<string, object?>("http.response.status_code", ResponseStatus.Boxed(record.LoggedStatus)),
            Route(record.Route?.Options.Path ?? ""), Daemon(record.Route?.Options.Daemon ?? ""));
    }

    /// <summary>Leaves out, here and on the page, what a configuration does not have any more.</summary>
    /// <param name="groups">The names of the groups that remain.</param>
    /// <param name="routes">The paths of the routes that remain.</param>
    public void KeepOnly(IEnumerable<string> groups, IEnumerable<string> routes)
    {
        _statistics.KeepOnly(groups, routes);
        // Requests that no route has matched are under an empty name.
        Page.KeepOnly(DaemonTag, _statistics.Groups.Select(group => group.Key).Append("").ToHashSet(StringComparer.OrdinalIgnoreCase));
        Page.KeepOnly(RouteTag, _statistics.Routes.Select(route => route.Key).Append("").ToHashSet(StringComparer.Ordinal));
    }

    private static Measurement<T> Of<T>(T value, params ReadOnlySpan<KeyValuePair<string, object?>> tags)
        where T : struct => new(value, tags);

    private static KeyValuePair<string, object?> Daemon(string name) => new(DaemonTag, name);

    private static KeyValuePair<string, object?> Route(string path) => new(RouteTag, path);

    private static KeyValuePair<string, object?> Reason<T>(T reason)
        where T : struct, Enum => new("daemonproxy.reason", reason.ToString());

    /// <inheritdoc/>
    public void Dispose()
    {
        Page.Dispose();
        Meter.Dispose();
    }
}
