using System.Collections.Concurrent;
using System.Globalization;
using DaemonProxy.Daemons;
using DaemonProxy.Statistics;
using Prometheus;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>What Prometheus scrapes: the instruments of <see cref="FrontEndMeter"/> by the names that OpenTelemetry's exporters give them there.</summary>
internal sealed class PrometheusPage
{
    /// <summary>The media type of the page.</summary>
    public const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly Histogram _duration;
    private readonly ConcurrentDictionary<Series, Histogram.Child> _series = new();

    /// <summary>Makes the page.</summary>
    /// <param name="statistics">The counts.</param>
    /// <param name="groups">Gives the groups that are served now.</param>
    public PrometheusPage(StatisticsBook statistics, Func<IReadOnlyList<DaemonGroup>> groups)
    {
        var metrics = Metrics.WithCustomRegistry(_registry);
        _duration = metrics.CreateHistogram("http_server_request_duration_seconds", "Duration of HTTP server requests.",
            ["http_request_method", "http_response_status_code", "http_route", "daemon"], new HistogramConfiguration { Buckets = FrontEndMeter.Buckets });
        var active = metrics.CreateGauge("http_server_active_requests", "Requests that daemons are serving.", "daemon");
        var waiting = metrics.CreateGauge("daemonproxy_waiting_requests", "Requests that wait for a worker.", "daemon");
        var bytes = metrics.CreateCounter("daemonproxy_response_size_bytes_total", "Bytes of response bodies sent.", "http_route");
        var queue = metrics.CreateCounter("daemonproxy_queue_time_seconds_total", "Time that requests have waited for a worker.", "daemon");
        var flushes = metrics.CreateCounter("daemonproxy_flushes_total", "Flushes in responses.", "http_route", "reason");
        var restarts = metrics.CreateCounter("daemonproxy_daemon_restarts_total", "Workers started again.", "daemon", "reason");
        _registry.AddBeforeCollectCallback(() =>
        {
            foreach (var group in groups())
            {
                active.WithLabels(group.Options.Name).Set(group.Queue.Active);
                waiting.WithLabels(group.Options.Name).Set(group.Queue.Waiting);
            }
            foreach (var (path, traffic) in statistics.Routes)
            {
                bytes.WithLabels(path).IncTo(traffic.Status().Bytes);
                foreach (var reason in Enum.GetValues<FlushReason>()) flushes.WithLabels(path, reason.ToString()).IncTo(traffic.Flushes[reason]);
            }
            foreach (var (name, group) in statistics.Groups)
            {
                queue.WithLabels(name).IncTo(group.Traffic.Status().QueueTime.TotalSeconds);
                foreach (var reason in Enum.GetValues<RestartReason>()) restarts.WithLabels(name, reason.ToString()).IncTo(group.Restarts[reason]);
            }
        });
    }

    /// <summary>Records a finished request.</summary>
    public void Record(string method, RequestRecord record, in FinishedRequest finished)
    {
        // Looking a series up by its labels costs more than all else that is counted of a request.
        var key = new Series(FrontEndMeter.KnownMethod(method), record.LoggedStatus, record.Route?.Options.Path ?? "", record.Route?.Options.Daemon ?? "");
        if (!_series.TryGetValue(key, out var series))
            series = _series.GetOrAdd(key, _duration.WithLabels(key.Method, key.Status.ToString(CultureInfo.InvariantCulture), key.Route, key.Daemon));
        series.Observe(finished.Duration.TotalSeconds);
    }

    private readonly record struct Series(string Method, int Status, string Route, string Daemon);

    /// <summary>Writes the page.</summary>
    public Task WriteAsync(Stream output, CancellationToken cancellationToken) => _registry.CollectAndExportAsTextAsync(output, cancellationToken);
}
