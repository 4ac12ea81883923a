namespace DaemonProxy.Verification.Measuring;

/// <summary>The bytes of a paced response over time as a pacer means them: what windows of a second and charts are made from.</summary>
/// <remarks>
/// Counting the bytes received in each second is wrong by a write: at 8 KiB/s in writes of 512 bytes a second holds 16 of them, or 15 or 17
/// when one comes a millisecond to either side of the second's end, and that is 6%. A write is therefore spread over the pause that follows
/// it, which is what pays for it (see <see cref="Staircase"/>): an arrival that is late by a millisecond then moves a window by a
/// millisecond's worth.
///
/// Spread over any pause whatever, a server that sends all of a second's bytes at its begin would look smooth, though its client sees
/// bursts and silence. So writes are spread only where the typical pause is at most <see cref="LongestTypicalPause"/>, which takes in every
/// pacer with an interval, mod_ratelimit's 200 ms included; and each over twice the typical pause at most, so that a silence stays one.
/// Where the typical pause is longer, as with nginx, which waits for up to two seconds, bytes count at the moment they came.
/// </remarks>
internal sealed class PacingCurve
{
    /// <summary>A quarter of the shortest time that is judged.</summary>
    public static readonly TimeSpan LongestTypicalPause = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>A step is drawn as the steepest of slopes, so that the curve is a function of time.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromTicks(1);

    private readonly List<ArrivedBytes> _corners = [];
    private readonly TimeSpan _end;

    /// <summary>Takes the receives of one body, in the order of time, the first at 0; at least one.</summary>
    /// <param name="arrivals">The receives.</param>
    /// <param name="end">Where the measurement ends, on the same clock: nothing after it counts.</param>
    public PacingCurve(IReadOnlyList<ArrivedBytes> arrivals, TimeSpan end)
    {
        _end = end;
        var staircase = new Staircase(arrivals);
        var longest = staircase.TypicalPause > LongestTypicalPause
            ? TimeSpan.Zero : Shorter(staircase.TypicalPause * 2, LongestTypicalPause);
        ArrivedBytes? before = null;
        foreach (var burst in staircase.Bursts())
        {
            if (before is { } last)
                Spread(last, burst.Bytes, burst.Time - last.Time, longest);
            before = burst;
        }

        Spread(before!.Value, arrivals[^1].Bytes, staircase.TypicalPause, longest);
    }

    /// <summary>Bytes in each whole second from the first byte on, up to the end.</summary>
    public IReadOnlyList<long> Seconds()
    {
        var seconds = new long[(int)_end.TotalSeconds];
        for (var i = 0; i < seconds.Length; i++)
            seconds[i] = (long)Math.Round(BytesAt(Second * (i + 1)) - BytesAt(Second * i));
        return seconds;
    }

    /// <summary>Bytes in the busiest second, whenever it begins; null when not a second was measured.</summary>
    public double? BusiestSecond()
    {
        if (_end < Second)
            return null;
        // A curve of straight lines has its steepest second where one of its ends is at a corner.
        var most = 0d;
        foreach (var corner in _corners)
        {
            foreach (var begin in (ReadOnlySpan<TimeSpan>)[corner.Time, corner.Time - Second])
            {
                if (begin >= TimeSpan.Zero && begin + Second <= _end)
                    most = Math.Max(most, BytesAt(begin + Second) - BytesAt(begin));
            }
        }

        return most;
    }

    /// <summary>The bytes by a time.</summary>
    public double BytesAt(TimeSpan time)
    {
        var (low, high) = (0, _corners.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_corners[middle].Time < time)
                low = middle + 1;
            else
                high = middle;
        }

        if (low == 0)
            return 0;
        if (low == _corners.Count)
            return _corners[^1].Bytes;
        var (from, to) = (_corners[low - 1], _corners[low]);
        return from.Bytes + ((to.Bytes - from.Bytes) * ((time - from.Time) / (to.Time - from.Time)));
    }

    private void Spread(ArrivedBytes burst, long bytesBehind, TimeSpan pause, TimeSpan longest)
    {
        _corners.Add(burst);
        var end = burst.Time + Longer(Shorter(pause, longest), Step);
        _corners.Add(new ArrivedBytes(end, bytesBehind));
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
