using System.Buffers.Text;

namespace DaemonProxy.Verification;

/// <summary>How long each piece of a drip was on its way: pure arithmetic on what was received.</summary>
/// <remarks>
/// The sample application begins each chunk with the time it was written, in Unix nanoseconds. Both ends are on one machine and
/// so on one clock; a probe's stamps are of another, and <see cref="WallClock"/> carries them over.
/// </remarks>
internal static class DripLatency
{
    /// <summary>Digits of a time in Unix nanoseconds, until the year 2286.</summary>
    public const int TimestampDigits = 19;

    /// <summary>From the writing of each chunk until its last byte was received. Null when the body is no drip.</summary>
    /// <param name="response">A response whose body was kept.</param>
    /// <param name="chunkSize">Bytes in each chunk, at least <see cref="TimestampDigits"/>.</param>
    /// <param name="clock">Taken near the response.</param>
    public static IReadOnlyList<TimeSpan>? Of(ProbedResponse response, int chunkSize, WallClock clock)
    {
        var body = response.Body.Span;
        var latencies = new List<TimeSpan>(body.Length / chunkSize);
        var receipt = 0;
        for (var begin = 0; begin + chunkSize <= body.Length; begin += chunkSize)
        {
            if (!Utf8Parser.TryParse(body.Slice(begin, TimestampDigits), out long sentAt, out var digits) || digits != TimestampDigits)
                return null;
            while (response.Receipts[receipt].BodyBytes < begin + chunkSize)
                receipt++;
            latencies.Add(TimeSpan.FromTicks((clock.NanosecondsAt(response.Receipts[receipt].Timestamp) - sentAt) / 100));
        }

        return latencies;
    }
}
