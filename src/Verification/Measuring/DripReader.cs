using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace DaemonProxy.Verification.Measuring;

/// <summary>Finds the pieces of a dripping body, and how long each was on its way: pure arithmetic on what was received.</summary>
/// <remarks>
/// The pieces of a stream of server-sent events are its events, those of other text its lines; where there are none of either, each receive
/// is one. A piece carries the time of its writing when there is a Unix time of now among its first characters, in milliseconds,
/// microseconds or nanoseconds (13, 16 or 19 digits). The sample application's drips have it, and any application can: <c>data:
/// 1732464000123</c>.
///
/// Without times, an even drip is supposed. Its interval is given or the mean of what is seen, the punctual pieces set the clock, and how
/// late the others are is what they waited. Lines that came together in one receive were late by different amounts, which is how a
/// proxy that buffers shows. An uneven drip counts as late.
/// </remarks>
internal static class DripReader
{
    /// <summary>How far into a piece its time is looked for.</summary>
    private const int StampReach = 80;

    private static readonly long Day = TimeSpan.FromDays(1).Ticks * 100;

    /// <summary>The pieces of a body, with what they were measured by.</summary>
    /// <param name="body">The body so far.</param>
    /// <param name="receipts">When its bytes came; not empty.</param>
    /// <param name="clock">Taken near the response.</param>
    /// <param name="isEventStream">Whether it is <c>text/event-stream</c>.</param>
    /// <param name="isSameMachine">Whether the server's clock is this machine's.</param>
    /// <param name="every">The time between two writes, where it is known.</param>
    public static (LatencySource Source, IReadOnlyList<TimeSpan> Latencies, TimeSpan? Every) Read(
        ReadOnlySpan<byte> body, IReadOnlyList<Receipt> receipts, WallClock clock, bool isEventStream, bool isSameMachine, TimeSpan? every)
    {
        var pieces = Pieces(body, isEventStream);
        if (pieces.Count < 2)
            pieces = [.. receipts.Select((receipt, i) => ((int)(i == 0 ? 0 : receipts[i - 1].BodyBytes), (int)receipt.BodyBytes))];
        var arrivals = Arrivals(pieces, receipts);
        if (Stamped(body, pieces, arrivals, clock) is { } latencies)
        {
            var fastest = latencies.Min();
            // Clocks are read a moment apart, so that a piece may seem to come before it was sent.
            return isSameMachine && fastest > TimeSpan.FromMilliseconds(-2)
                ? (LatencySource.Timestamps, [.. latencies.Select(latency => latency < TimeSpan.Zero ? TimeSpan.Zero : latency)], null)
                : (LatencySource.RelativeTimestamps, [.. latencies.Select(latency => latency - fastest)], null);
        }

        if (arrivals.Count < 3)
            return (LatencySource.None, [], null);
        var interval = every ?? Stopwatch.GetElapsedTime(arrivals[0], arrivals[^1]) / (arrivals.Count - 1);
        var lateness = arrivals.Select((arrival, i) => Stopwatch.GetElapsedTime(arrivals[0], arrival) - (interval * i)).ToList();
        var punctual = lateness.Min();
        return (LatencySource.Gaps, [.. lateness.Select(late => late - punctual)], interval);
    }

    /// <summary>Where each whole piece begins and ends. One that has not come whole is none.</summary>
    private static List<(int Begin, int End)> Pieces(ReadOnlySpan<byte> body, bool isEventStream)
    {
        var pieces = new List<(int, int)>();
        var begin = 0;
        var isEmptyLine = true;
        for (var i = 0; i < body.Length; i++)
        {
            if (body[i] == '\n')
            {
                if (!isEventStream || isEmptyLine)
                {
                    // What is between two events, or an empty line of text, is no piece.
                    if (i - begin > 1)
                        pieces.Add((begin, i + 1));
                    begin = i + 1;
                }

                isEmptyLine = true;
            }
            else if (body[i] != '\r')
                isEmptyLine = false;
        }

        return pieces;
    }

    private static List<long> Arrivals(List<(int Begin, int End)> pieces, IReadOnlyList<Receipt> receipts)
    {
        var arrivals = new List<long>(pieces.Count);
        var receipt = 0;
        foreach (var (_, end) in pieces)
        {
            while (receipts[receipt].BodyBytes < end)
                receipt++;
            arrivals.Add(receipts[receipt].Timestamp);
        }

        return arrivals;
    }

    /// <summary>The way of each piece that carries its time; null when more than one of ten does not.</summary>
    private static List<TimeSpan>? Stamped(ReadOnlySpan<byte> body, List<(int Begin, int End)> pieces, List<long> arrivals, WallClock clock)
    {
        var latencies = new List<TimeSpan>(pieces.Count);
        for (var i = 0; i < pieces.Count; i++)
        {
            var (begin, end) = pieces[i];
            if (StampOf(body[begin..Math.Min(end, begin + StampReach)], clock.UnixNanoseconds) is { } sentAt)
                latencies.Add(TimeSpan.FromTicks((clock.NanosecondsAt(arrivals[i]) - sentAt) / 100));
        }

        return latencies.Count > 0 && latencies.Count * 10 >= pieces.Count * 9 ? latencies : null;
    }

    /// <summary>The first Unix time of about now, in nanoseconds; null when there is none.</summary>
    private static long? StampOf(ReadOnlySpan<byte> piece, long now)
    {
        for (var i = 0; i < piece.Length; i++)
        {
            var digits = piece[i..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
            if (digits < 0)
                digits = piece.Length - i;
            var scale = digits switch { 13 => 1_000_000L, 16 => 1000L, 19 => 1L, _ => 0 };
            if (scale > 0 && long.TryParse(Encoding.ASCII.GetString(piece.Slice(i, digits)), NumberStyles.None,
                CultureInfo.InvariantCulture, out var value)
                && value <= long.MaxValue / scale && Math.Abs((value * scale) - now) < Day)
                return value * scale;
            i += digits;
        }

        return null;
    }
}
