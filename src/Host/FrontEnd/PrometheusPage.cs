using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DaemonProxy.Statistics;
using Prometheus;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// The page that Prometheus scrapes: a meter's instruments, and those of the .NET runtime, under the names that OpenTelemetry's Prometheus
/// exporters use.
/// </summary>
/// <remarks>
/// prometheus-net's own adapter omits the units from the names, listens to every meter of the process, and is not designed for native
/// compilation.
/// </remarks>
internal sealed class PrometheusPage : IDisposable
{
    /// <summary>The media type of the page.</summary>
    public const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>The name of the runtime's own meter: its memory, collections, thread pool, timers and contended locks.</summary>
    public const string RuntimeMeter = "System.Runtime";

    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly MeterListener _listener = new();
    private readonly List<Family> _families = [];
    private readonly List<CountedElsewhere> _counted = [];
    private int _length;

    /// <summary>
    /// Creates the page. Counts are read when it is scraped; measurements recorded with each request are collected from now on.
    /// </summary>
    /// <param name="meter">The meter whose instruments the page shows.</param>
    public PrometheusPage(Meter meter)
    {
        var metrics = Metrics.WithCustomRegistry(_registry);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            // What the runtime counts costs nothing until it is read; only its exceptions are measured where they are thrown.
            if (instrument.Meter != meter && instrument is not { Meter.Name: RuntimeMeter, IsObservable: true }) return;
            _families.Add(new Family(metrics, instrument));
            listener.EnableMeasurementEvents(instrument, _families[^1]);
        };
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => ((Family)family!).Take(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => ((Family)family!).Take(value, tags));
        _listener.Start();
        _registry.AddBeforeCollectCallback(() =>
        {
            // A group that a restart has removed then shows no requests, instead of those of its last moment.
            _families.ForEach(family => family.ForgetGauges());
            _listener.RecordObservableInstruments();
        });
    }

    /// <summary>Reads all counts and writes the page.</summary>
    public async Task<MemoryStream> WriteAsync(CancellationToken cancellationToken)
    {
        // That of thousands of routes has megabytes, through which a stream would otherwise grow by doubling.
        var text = new MemoryStream(_length + (_length >> 4));
        await _registry.CollectAndExportAsTextAsync(text, cancellationToken);
        _length = (int)text.Length;
        return text;
    }

    /// <summary>Removes the series of what is not there any more. A series that returns begins anew.</summary>
    /// <param name="tag">The tag that tells.</param>
    /// <param name="values">Its values that remain.</param>
    public void KeepOnly(string tag, IReadOnlySet<string> values)
    {
        foreach (var family in _families) family.KeepOnly(Label(tag), values);
        foreach (var histogram in _counted) histogram.KeepOnly(Label(tag), values);
    }

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
        var counted = new CountedElsewhere(Metrics.WithCustomRegistry(_registry).CreateHistogram(
            name, help, labels, new HistogramConfiguration { Buckets = bounds }));
        _counted.Add(counted);
        _registry.AddBeforeCollectCallback(() => counted.Take(read()));
    }

    /// <summary>Stops collecting measurements.</summary>
    public void Dispose() => _listener.Dispose();

    /// <summary>The name of an instrument on the page, which includes its unit and kind.</summary>
    public static string NameOf(Instrument instrument)
    {
        var unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
        return Label(instrument.Name) + unit + (OnlyRises(instrument) ? "_total" : "");
    }

    // The runtime publishes two of its gauges as counters. A counter's series keeps the greatest value that it has ever had.
    private static bool OnlyRises(Instrument instrument) => instrument is ObservableCounter<long> or ObservableCounter<double>
        && instrument.Name is not ("dotnet.thread_pool.thread.count" or "dotnet.thread_pool.queue.length");

    private static string Label(string name) => name.Replace('.', '_');

    /// <summary>A histogram whose counts are kept elsewhere, and what the page has of them.</summary>
    private sealed class CountedElsewhere(Prometheus.Histogram histogram)
    {
        private readonly Dictionary<string, (string[] Labels, Dictionary<TimeSpan, long> Counts)> _shown = [];

        public void Take(IEnumerable<(string[] Labels, IReadOnlyList<DurationBucket> Counts)> read)
        {
            // Two scrapes at once must not both add what is new.
            lock (_shown)
            {
                foreach (var (labels, counts) in read)
                {
                    if (counts.Count == 0) continue;
                    var series = histogram.WithLabels(labels);
                    ref var shown = ref CollectionsMarshal.GetValueRefOrAddDefault(_shown, string.Join('\n', labels), out var isShown);
                    if (!isShown) shown = (labels, []);
                    foreach (var bucket in counts)
                    {
                        ref var last = ref CollectionsMarshal.GetValueRefOrAddDefault(shown.Counts, bucket.UpTo, out _);
                        series.Observe(bucket.Bound.TotalSeconds, bucket.Count - last);
                        last = bucket.Count;
                    }
                }
            }
        }

        public void KeepOnly(string label, IReadOnlySet<string> values)
        {
            var index = Array.IndexOf(histogram.LabelNames, label);
            if (index < 0) return;
            lock (_shown)
            {
                foreach (var (key, shown) in _shown)
                {
                    if (values.Contains(shown.Labels[index])) continue;
                    histogram.RemoveLabelled(shown.Labels);
                    _shown.Remove(key);
                }
            }
        }
    }

    /// <summary>An instrument and its time series. No instrument of the meter has more than four tags.</summary>
    private sealed class Family(MetricFactory metrics, Instrument instrument)
    {
        private const int FewestPlaces = 64;

        private readonly ConcurrentDictionary<(object?, object?, object?, object?), ICollectorChild> _series = new();

        // Nearly every measurement has the very values of an earlier one, whose series is then found without reading them. An observable
        // instrument needs none of this: it is read when the page is scraped, and may have tens of thousands of series.
        private Known?[] _known = new Known?[FewestPlaces];
        private int _knownCount;
        private Series? _made;

        public void Take(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var series = Find(tags);
            if (series is Histogram.Child histogram) histogram.Observe(value);
            else if (series is Counter.Child counter) counter.IncTo(value);
            else ((Gauge.Child)series).Set(value);
        }

        // Looking up a series by its labels costs more than all other counting for a request.
        private ICollectorChild Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var (first, second, third, fourth) = (Value(tags, 0), Value(tags, 1), Value(tags, 2), Value(tags, 3));
            if (instrument.IsObservable)
            {
                // A series that is being removed must not be found once more.
                lock (_series) return FindEqual((first, second, third, fourth), tags);
            }
            var hash = (((((RuntimeHelpers.GetHashCode(first) * 31) + RuntimeHelpers.GetHashCode(second)) * 31)
                + RuntimeHelpers.GetHashCode(third)) * 31) + RuntimeHelpers.GetHashCode(fourth);
            var places = Volatile.Read(ref _known);
            for (var known = Volatile.Read(ref places[hash & (places.Length - 1)]); known is not null; known = known.Next)
            {
                if (ReferenceEquals(known.First, first) && ReferenceEquals(known.Second, second)
                    && ReferenceEquals(known.Third, third) && ReferenceEquals(known.Fourth, fourth))
                    return known.Series;
            }
            return Know((first, second, third, fourth), hash, tags);
        }

        private ICollectorChild Know((object?, object?, object?, object?) key, int hash, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            // Whoever removes a series must not find its values known again after that.
            lock (_series)
            {
                var series = FindEqual(key, tags);
                if (_knownCount == _known.Length)
                {
                    // Begun anew, so that values that nobody has any more do not stay; those in use return with their next measurement.
                    var places = (int)BitOperations.RoundUpToPowerOf2((uint)_series.Count * 2);
                    Volatile.Write(ref _known, new Known?[Math.Max(FewestPlaces, places)]);
                    _knownCount = 0;
                }
                ref var place = ref _known[hash & (_known.Length - 1)];
                Volatile.Write(ref place, new(key.Item1, key.Item2, key.Item3, key.Item4, series, place));
                _knownCount++;
                return series;
            }
        }

        private ICollectorChild FindEqual((object?, object?, object?, object?) key, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            _series.TryGetValue(key, out var series) ? series : _series.GetOrAdd(key, Create(tags));

        public void ForgetGauges()
        {
            foreach (var gauge in _series.Values.OfType<Gauge.Child>()) gauge.Unpublish();
        }

        public void KeepOnly(string label, IReadOnlySet<string> values)
        {
            var index = Volatile.Read(ref _made) is { } made ? Array.IndexOf(made.Labels, label) : -1;
            if (index < 0) return;
            lock (_series)
            {
                foreach (var (key, _) in _series)
                {
                    var (first, second, third, fourth) = key;
                    var value = index switch { 0 => first, 1 => second, 2 => third, _ => fourth };
                    if (!values.Contains(Text(value)) && _series.TryRemove(key, out var gone)) ((ChildBase)gone).Remove();
                }
                Volatile.Write(ref _known, new Known?[FewestPlaces]);
                _knownCount = 0;
            }
        }

        private ICollectorChild Create(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            // Looking a family up by its name and labels costs several times what one of its series does.
            if (Volatile.Read(ref _made) is not { } made) Volatile.Write(ref _made, made = Series.From(metrics, instrument, tags));
            var values = new string[tags.Length];
            for (var i = 0; i < tags.Length; i++) values[i] = Text(tags[i].Value);
            return made.Add(values);
        }

        /// <summary>A series, the values that it is known by, and the next one in the same place.</summary>
        private sealed record Known(
            object? First, object? Second, object? Third, object? Fourth, ICollectorChild Series, Known? Next);

        private static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

        private static object? Value(ReadOnlySpan<KeyValuePair<string, object?>> tags, int index) =>
            index < tags.Length ? tags[index].Value : null;
    }

    /// <summary>The time series of a family, whose labels are the tags of its first measurement.</summary>
    private sealed record Series(string[] Labels, Func<string[], ICollectorChild> Add)
    {
        public static Series From(MetricFactory metrics, Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var labels = new string[tags.Length];
            for (var i = 0; i < tags.Length; i++) labels[i] = Label(tags[i].Key);
            var (name, help) = (NameOf(instrument), instrument.Description ?? "");
            return new(labels, instrument switch
            {
                Histogram<double> histogram => metrics.CreateHistogram(name, help, labels,
                    new HistogramConfiguration { Buckets = [.. histogram.Advice!.HistogramBucketBoundaries!] }).WithLabels,
                _ when OnlyRises(instrument) => metrics.CreateCounter(name, help, labels).WithLabels,
                _ => metrics.CreateGauge(name, help, labels).WithLabels,
            });
        }
    }
}
