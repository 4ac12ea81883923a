using System.Diagnostics;

namespace DaemonProxy.Verification.Measuring;

/// <summary>
/// Remembers when the bytes of one body arrived, in bounded memory and without allocating for a receive; and tells when a measurement has
/// seen enough.
/// </summary>
/// <remarks>
/// Receives that follow each other within the resolution are one run, of which the begin and the bytes before it are kept. Both are
/// exact however coarse the resolution is, and a rate is measured from begin to begin (see <see cref="Staircase"/>), so that a measurement
/// of an hour is as exact as one of five seconds. The resolution is doubled each time the memory is full. One thread records.
/// </remarks>
internal sealed class ArrivalRecorder
{
    /// <summary>
    /// What is not told apart at first: far below the pause of any pacer, and at full speed it bounds the number of runs.
    /// </summary>
    private static readonly TimeSpan FirstResolution = TimeSpan.FromMilliseconds(0.25);

    /// <summary>How long to wait for a usual burst after the duration; then the last burst before it has to do.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly TimeSpan _duration;
    private readonly long _skip;
    private readonly int _capacity;
    private readonly bool _beginsInFlow;
    private Receipt[] _runs = new Receipt[16];
    private long _resolution = (long)(FirstResolution.TotalSeconds * Stopwatch.Frequency);
    private long _last;
    private long _longestGap;
    private long _total;
    private long _notBefore;
    private TimeSpan? _typicalPause;
    private int _count;

    /// <summary>Makes a recorder for one body.</summary>
    /// <param name="duration">How long to measure.</param>
    /// <param name="skip">Bytes that are left out: the measurement begins with the first burst after them.</param>
    /// <param name="capacity">The most runs to keep, at least 16.</param>
    /// <param name="notBefore">The measurement begins at this timestamp at the earliest; <see cref="long.MaxValue"/>: when
    /// <see cref="Begin"/> says so.</param>
    public ArrivalRecorder(TimeSpan duration, long skip, int capacity, long notBefore = 0)
    {
        (_duration, _skip, _capacity, _notBefore) = (duration, skip, capacity, notBefore);
        _beginsInFlow = skip > 0 || notBefore > 0;
    }

    /// <summary>Whether the measurement has seen enough.</summary>
    public bool IsEnough { get; private set; }

    /// <summary>Whether the measurement has begun.</summary>
    public bool HasBegun => Volatile.Read(ref _count) > 0;

    /// <summary>The longest time between two receives; zero with one.</summary>
    public TimeSpan LongestGap => Stopwatch.GetElapsedTime(0, _longestGap);

    /// <summary>Lets the measurement begin with the next burst; from any thread.</summary>
    public void Begin() => Volatile.Write(ref _notBefore, 0);

    /// <summary>Takes one receive.</summary>
    /// <param name="timestamp">When it returned, in Stopwatch ticks.</param>
    /// <param name="bytesBefore">Body bytes that had come before.</param>
    /// <param name="bytes">Body bytes with it.</param>
    public void Add(long timestamp, long bytesBefore, long bytes)
    {
        if (IsEnough || (_count == 0 && (bytesBefore < _skip || Volatile.Read(ref _notBefore) > timestamp)))
            return;
        _total = bytes;
        if (_count > 0)
            _longestGap = Math.Max(_longestGap, timestamp - _last);
        _last = timestamp;
        if (_count > 0 && timestamp - _runs[_count - 1].Timestamp < _resolution)
            return;
        Append(new Receipt(timestamp, bytesBefore));
        IsEnough = SeesEnough(timestamp);
    }

    /// <summary>What was recorded: the begin of each run, with the bytes up to the next. The first begins at 0, as the bytes do.</summary>
    /// <remarks>What begins in the middle of a body may begin in the middle of a burst, and the rest of it would be counted without the
    /// pause that pays for it: it begins with the next.</remarks>
    public IReadOnlyList<ArrivedBytes> Arrivals()
    {
        var all = new Runs(this, 0);
        if (!_beginsInFlow)
            return all;
        var typicalPause = Staircase.TypicalPauseOf(all, _count);
        for (var i = 1; i < _count; i++)
        {
            if (Staircase.IsUsualBegin(all, i, typicalPause))
                return new Runs(this, i);
        }

        return all;
    }

    private bool SeesEnough(long timestamp)
    {
        var elapsed = Stopwatch.GetElapsedTime(_runs[0].Timestamp, timestamp);
        if (elapsed < _duration || _count < 2)
            return false;
        var arrivals = new Runs(this, 0);
        _typicalPause ??= Staircase.TypicalPauseOf(arrivals, _count);
        // What is left of the burst in which it began is not measured.
        if (_beginsInFlow && elapsed < _duration + (_typicalPause.Value * 2))
            return false;
        return Staircase.IsUsualBegin(arrivals, _count - 1, _typicalPause.Value) || elapsed > _duration + Grace + _typicalPause;
    }

    private void Append(Receipt run)
    {
        if (_count == _capacity)
            Coarsen();
        if (_count == _runs.Length)
            Array.Resize(ref _runs, Math.Min(_runs.Length * 2, _capacity));
        _runs[_count] = run;
        Volatile.Write(ref _count, _count + 1);
    }

    /// <summary>Doubles the resolution until half of the room is free.</summary>
    private void Coarsen()
    {
        while (_count > _capacity / 2)
        {
            _resolution *= 2;
            var kept = 1;
            for (var i = 1; i < _count; i++)
            {
                if (_runs[i].Timestamp - _runs[kept - 1].Timestamp >= _resolution)
                    _runs[kept++] = _runs[i];
            }

            _count = kept;
        }
    }

    private sealed class Runs(ArrivalRecorder recorder, int first) : IReadOnlyList<ArrivedBytes>
    {
        public int Count => recorder._count - first;

        public ArrivedBytes this[int index]
        {
            get
            {
                var runs = recorder._runs;
                var next = first + index + 1;
                var bytes = next < recorder._count ? runs[next].BodyBytes : recorder._total;
                return new(Stopwatch.GetElapsedTime(runs[first].Timestamp, runs[next - 1].Timestamp), bytes - runs[first].BodyBytes);
            }
        }

        public IEnumerator<ArrivedBytes> GetEnumerator()
        {
            for (var i = 0; i < Count; i++)
                yield return this[i];
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
