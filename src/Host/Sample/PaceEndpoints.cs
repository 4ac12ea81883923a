using System.Diagnostics;
using System.Globalization;

namespace DaemonProxy.Host.Sample;

/// <summary>Bodies that arrive slowly: <c>/drip</c> in small timed pieces, <c>/stall</c> with one long silence.</summary>
internal static class PaceEndpoints
{
    /// <summary>A drip's time stamp: Unix nanoseconds, 19 digits.</summary>
    public const int StampLength = 19;

    private const long LongestPause = 3_600_000;

    public static IReadOnlyList<SampleEndpoint> All { get; } =
    [
        new("/drip", "drip?count=50&chunk=100&every-ms=50",
            "<code>count</code> pieces of <code>chunk</code> bytes, one every <code>every-ms</code> milliseconds; each begins with the "
            + "time at which it was sent, in Unix nanoseconds (19 digits).",
            ["count", "chunk", "every-ms"], DripAsync),
        new("/stall", "stall?before=1000&ms=2000&after=1000",
            "<code>before</code> bytes, silence for <code>ms</code> milliseconds, <code>after</code> bytes.",
            ["before", "ms", "after"], StallAsync),
    ];

    private static async Task DripAsync(SampleExchange exchange)
    {
        var count = exchange.Integer("count", 20, 0, 10_000_000);
        var size = exchange.Integer("chunk", 100, StampLength, 65_536);
        var every = PreciseTimer.TicksOf(exchange.Milliseconds("every-ms", 50, LongestPause));
        exchange.Begin("text/plain");
        if (exchange.IsHead)
            return;

        var piece = new byte[size];
        piece.AsSpan().Fill((byte)'.');
        if (size > StampLength)
            piece[^1] = (byte)'\n';

        // Each piece is due at a fixed time from the start, so that a pause that ends late does not delay the next piece.
        var start = Stopwatch.GetTimestamp();
        for (long i = 0; i < count; i++)
        {
            await exchange.Timer.WaitUntilAsync(start + (i * every), exchange.Aborted);
            UnixNanoseconds().TryFormat(piece, out _, "D19", CultureInfo.InvariantCulture);
            await exchange.Output.WriteAsync(piece, exchange.Aborted);
        }
    }

    private static async Task StallAsync(SampleExchange exchange)
    {
        var before = exchange.Integer("before", 1000, 0, SampleExchange.LargestBody / 2);
        var pause = exchange.Milliseconds("ms", 1000, LongestPause);
        var after = exchange.Integer("after", 1000, 0, SampleExchange.LargestBody / 2);
        exchange.Begin("application/octet-stream");
        if (exchange.IsHead)
            return;

        await Pattern.WriteAsync(exchange.Output, 0, before, exchange.Aborted);
        if (before == 0)
            await exchange.Output.FlushAsync(exchange.Aborted); // the headers leave
        await exchange.Timer.WaitAsync(pause, exchange.Aborted);
        await Pattern.WriteAsync(exchange.Output, before, after, exchange.Aborted);
    }

    private static long UnixNanoseconds() =>
        (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
}
