using System.Diagnostics;

namespace DaemonProxy.Verification.Measuring;

/// <summary>Two clocks read at the same moment, so that readings of one can be converted to the other.</summary>
/// <param name="Timestamp">In Stopwatch ticks.</param>
/// <param name="UnixNanoseconds">The wall clock.</param>
internal readonly record struct WallClock(long Timestamp, long UnixNanoseconds)
{
    /// <summary>Reads both clocks several times, and keeps the pair of readings that were closest together.</summary>
    public static WallClock Read()
    {
        var (best, closest) = (default(WallClock), long.MaxValue);
        for (var i = 0; i < 16; i++)
        {
            var before = Stopwatch.GetTimestamp();
            var wall = (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
            var after = Stopwatch.GetTimestamp();
            if (after - before < closest)
                (best, closest) = (new WallClock(before + ((after - before) / 2), wall), after - before);
        }

        return best;
    }

    /// <summary>The wall clock at a Stopwatch reading, in Unix nanoseconds.</summary>
    public long NanosecondsAt(long timestamp) => UnixNanoseconds + (Stopwatch.GetElapsedTime(Timestamp, timestamp).Ticks * 100);
}
