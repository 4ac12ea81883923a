using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Runtime.InteropServices;
using DaemonProxy.Statistics;
using Prometheus;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// The page that Prometheus scrapes: a meter's instruments under the names that OpenTelemetry's Prometheus exporters use.
/// </summary>
/// <remarks>
/// prometheus-net's own adapter omits the units from the names, listens to every meter of the process, and is not designed for native
/// compilation.
/// </remarks>
internal sealed class PrometheusPage : IDisposable
{
    /// <summary>The media type of the page.</summary>
    public const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly MeterListener _listener = new();

    /// <summary>
    /// Creates the page. Counts are read when it is scraped; measurements recorded with each request are collected from now on.
    /// </summary>
    /// <param name="meter">The meter whose instruments the page shows.</param>
    public PrometheusPage(Meter meter)
    {
        var metrics = Metrics.WithCustomRegistry(_registry);
        var families = new List<Family>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter != meter) return;
            families.Add(new Family(metrics, instrument));
            listener.EnableMeasurementEvents(instrument, families[^1]);
        };
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => ((Family)family!).Take(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => ((Family)family!).Take(value, tags));
        _listener.Start();
        _registry.AddBeforeCollectCallback(() =>
        {
            // A group that a restart has removed then shows no requests, instead of those of its last moment.
            families.ForEach(family => family.ForgetGauges());
            _listener.RecordObservableInstruments();
        });
    }

    public Task WriteAsync(Stream output, CancellationToken cancellationToken) =>
        _registry.CollectAndExportAsTextAsync(output, cancellationToken);

    /// <summary>Adds a histogram whose counts are kept elsewhere and read when the page is scraped.</summary>
    /// <param name="name">Its name on the page.</param>
    /// <param name="help">Its description.</param>
    /// <param name="bounds">The bounds of its buckets, seconds.</param>
    /// <param name="labels">The names of its labels.</param>
    /// <param name="read">Reads each series: the values of its labels, and its counts since the start.</param>
    public void AddHistogram(
        string name, string help, double[] bounds, string[] labels,
        Func<IEnumerable<(string[] Labels, IReadOnlyList<DurationBucket> Counts)>> read)
    {
        var histogram = Metrics.WithCustomRegistry(_registry).CreateHistogram(
            name, help, labels, new HistogramConfiguration { Buckets = bounds });
        var shown = new Dictionary<(string, TimeSpan), long>();
        _registry.AddBeforeCollectCallback(() =>
        {
            // Two scrapes at once must not both add what is new.
            lock (shown)
            {
                foreach (var (values, counts) in read())
                {
                    if (counts.Count == 0) continue;
                    var (series, key) = (histogram.WithLabels(values), string.Join('\n', values));
                    foreach (var bucket in counts)
                    {
                        ref var last = ref CollectionsMarshal.GetValueRefOrAddDefault(shown, (key, bucket.UpTo), out _);
                        series.Observe(bucket.Bound.TotalSeconds, bucket.Count - last);
                        last = bucket.Count;
                    }
                }
            }
        });
    }

    /// <summary>Stops collecting measurements.</summary>
    public void Dispose() => _listener.Dispose();

    /// <summary>The name of an instrument on the page, which includes its unit and kind.</summary>
    public static string NameOf(Instrument instrument)
    {
        var unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
        return Label(instrument.Name) + unit + (instrument is ObservableCounter<long> or ObservableCounter<double> ? "_total" : "");
    }

    private static string Label(string name) => name.Replace('.', '_');

    /// <summary>An instrument and its time series. No instrument of the meter has more than four tags.</summary>
    private sealed class Family(MetricFactory metrics, Instrument instrument)
    {
        private readonly ConcurrentDictionary<(object?, object?, object?, object?), ICollectorChild> _series = new();

        public void Take(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            // Looking up a series by its labels costs more than all other counting for a request.
            var key = (Value(tags, 0), Value(tags, 1), Value(tags, 2), Value(tags, 3));
            if (!_series.TryGetValue(key, out var series)) series = _series.GetOrAdd(key, Create(tags));
            if (series is Histogram.Child histogram) histogram.Observe(value);
            else if (series is Counter.Child counter) counter.IncTo(value);
            else ((Gauge.Child)series).Set(value);
        }

        public void ForgetGauges()
        {
            foreach (var gauge in _series.Values.OfType<Gauge.Child>()) gauge.Unpublish();
        }

        private ICollectorChild Create(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var (labels, values) = (new string[tags.Length], new string[tags.Length]);
            for (var i = 0; i < tags.Length; i++)
                (labels[i], values[i]) = (Label(tags[i].Key), Convert.ToString(tags[i].Value, CultureInfo.InvariantCulture) ?? "");
            var (name, help) = (NameOf(instrument), instrument.Description ?? "");
            return instrument switch
            {
                Histogram<double> histogram => metrics.CreateHistogram(name, help, labels,
                    new HistogramConfiguration { Buckets = [.. histogram.Advice!.HistogramBucketBoundaries!] }).WithLabels(values),
                ObservableCounter<long> or ObservableCounter<double> => metrics.CreateCounter(name, help, labels).WithLabels(values),
                _ => metrics.CreateGauge(name, help, labels).WithLabels(values),
            };
        }

        private static object? Value(ReadOnlySpan<KeyValuePair<string, object?>> tags, int index) =>
            index < tags.Length ? tags[index].Value : null;
    }
}
