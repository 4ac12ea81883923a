using System.Diagnostics.Metrics;
using DaemonProxy.Daemons;
using DaemonProxy.Relay;
using DaemonProxy.Statistics;
using Microsoft.AspNetCore.Http;
using Prometheus;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// The front end's statistics as .NET meters, named after OpenTelemetry's conventions for HTTP servers where those have a name, and the text that Prometheus
/// scrapes. Counts are read when somebody asks; only the duration is recorded with each request.
/// </summary>
internal sealed class FrontEndMeter : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string Name = "DaemonProxy";

    // The buckets that OpenTelemetry advises for http.server.request.duration, seconds.
    private static readonly double[] Buckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

    private readonly Meter _meter = new(Name);
    private readonly Histogram<double> _duration;
    private readonly CollectorRegistry _registry;
    private readonly IDisposable _adapter;

    /// <summary>Makes the meter.</summary>
    /// <param name="statistics">The counts.</param>
    /// <param name="groups">Gives the groups that are served now.</param>
    public FrontEndMeter(StatisticsBook statistics, Func<IReadOnlyList<DaemonGroup>> groups)
    {
        _duration = _meter.CreateHistogram<double>("http.server.request.duration", "s", "Duration of HTTP server requests.", tags: null, advice: new() { HistogramBucketBoundaries = Buckets });
        _meter.CreateObservableUpDownCounter("http.server.active_requests", () => groups().Select(group => Of<long>(group.Queue.Active, Daemon(group))), "{request}", "Number of requests that daemons are serving.");
        _meter.CreateObservableUpDownCounter("daemonproxy.waiting_requests", () => groups().Select(group => Of<long>(group.Queue.Waiting, Daemon(group))), "{request}", "Number of requests that wait for a worker.");
        _meter.CreateObservableCounter("daemonproxy.response.bytes", () => statistics.Routes.Select(route => Of(route.Value.Status().Bytes, Route(route.Key))), "By", "Bytes of response bodies sent.");
        _meter.CreateObservableCounter("daemonproxy.queue.seconds", () => statistics.Groups.Select(group => Of(group.Value.Traffic.Status().QueueTime.TotalSeconds, Daemon(group.Key))), "s", "Time that requests have waited for a worker.");
        _meter.CreateObservableCounter("daemonproxy.flushes", () => statistics.Routes.SelectMany(route =>
            Enum.GetValues<FlushReason>().Select(reason => Of(route.Value.Flushes[reason], Route(route.Key), Reason(reason)))), "{flush}", "Flushes in responses.");
        _meter.CreateObservableCounter("daemonproxy.daemon.restarts", () => statistics.Groups.SelectMany(group =>
            Enum.GetValues<RestartReason>().Select(reason => Of(group.Value.Restarts[reason], Daemon(group.Key), Reason(reason)))), "{restart}", "Workers started again.");

        _registry = Metrics.NewCustomRegistry();
        _adapter = MeterAdapter.StartListening(new MeterAdapterOptions
        {
            Registry = _registry,
            // Every test of this process, and whoever hosts it, may have meters of that name.
            InstrumentFilterPredicate = instrument => ReferenceEquals(instrument.Meter, _meter),
            ResolveHistogramBuckets = _ => Buckets,
        });
    }

    /// <summary>Records a finished request.</summary>
    public void Record(string method, RequestRecord record, in FinishedRequest finished) => _duration.Record(finished.Duration.TotalSeconds,
        new KeyValuePair<string, object?>("http.request.method", HttpMethods.GetCanonicalizedValue(method) is var known && IsKnown(known) ? known : "_OTHER"),
        new KeyValuePair<string, object?>("http.response.status_code", finished.Status == 0 ? AccessLog.ClientLeft : finished.Status),
        Route(record.Route?.Options.Path ?? ""),
        Daemon(record.Route?.Options.Daemon ?? ""));

    /// <summary>Writes everything in Prometheus's text format.</summary>
    public Task WriteAsync(Stream output, CancellationToken cancellationToken) => _registry.CollectAndExportAsTextAsync(output, cancellationToken);

    /// <summary>The media type of that text.</summary>
    public const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    // RFC 9110's and PATCH, as the convention says: a client must not be able to make as many time series as it likes.
    private static bool IsKnown(string method) => HttpMethods.IsGet(method) || HttpMethods.IsPost(method) || HttpMethods.IsHead(method) || HttpMethods.IsPut(method)
        || HttpMethods.IsDelete(method) || HttpMethods.IsOptions(method) || HttpMethods.IsPatch(method) || HttpMethods.IsConnect(method) || HttpMethods.IsTrace(method);

    private static Measurement<T> Of<T>(T value, params ReadOnlySpan<KeyValuePair<string, object?>> tags)
        where T : struct => new(value, tags);

    private static KeyValuePair<string, object?> Daemon(DaemonGroup group) => Daemon(group.Options.Name);

    private static KeyValuePair<string, object?> Daemon(string name) => new("daemonproxy.daemon", name);

    private static KeyValuePair<string, object?> Route(string path) => new("http.route", path);

    private static KeyValuePair<string, object?> Reason<T>(T reason)
        where T : struct, Enum => new("daemonproxy.reason", reason.ToString());

    /// <inheritdoc/>
    public void Dispose()
    {
        _adapter.Dispose();
        _meter.Dispose();
    }
}
