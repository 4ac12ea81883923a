namespace DaemonProxy.Host.Sample;

/// <summary>Bodies of the <see cref="Pattern"/>: <c>/bytes</c> with a Content-Length, <c>/stream</c> chunked.</summary>
internal static class PatternEndpoints
{
    private const long DefaultSize = 1L << 20;
    private const long DefaultChunk = Pattern.LargestWrite;
    private const double LongestStall = 60_000;

    public static IReadOnlyList<SampleEndpoint> All { get; } =
    [
        new("/bytes", "bytes?n=1000000&chunk=65536",
            "<code>n</code> bytes with a Content-Length, written and flushed <code>chunk</code> bytes at a time.",
            ["n", "chunk"], BytesAsync),
        new("/stream", "stream?n=1000000&chunk=8192&stall-ms=2",
            "The same, chunked, with a random pause of <code>stall-from-ms</code> (0) to <code>stall-ms</code> milliseconds between the "
            + "chunks.",
            ["n", "chunk", "stall-from-ms", "stall-ms"], StreamAsync),
    ];

    private static Task BytesAsync(SampleExchange exchange)
    {
        var size = exchange.Integer("n", DefaultSize, 0, SampleExchange.LargestBody);
        var chunk = exchange.Integer("chunk", DefaultChunk, 1, SampleExchange.LargestChunk);
        exchange.Begin("application/octet-stream", size);
        return exchange.IsHead ? Task.CompletedTask : WriteAsync(exchange, size, chunk, TimeSpan.Zero, TimeSpan.Zero);
    }

    private static Task StreamAsync(SampleExchange exchange)
    {
        var size = exchange.Integer("n", DefaultSize, 0, SampleExchange.LargestBody);
        var chunk = exchange.Integer("chunk", DefaultChunk, 1, SampleExchange.LargestChunk);
        var longest = exchange.Milliseconds("stall-ms", 0, LongestStall);
        var shortest = exchange.Milliseconds("stall-from-ms", 0, LongestStall);
        exchange.Begin("application/octet-stream");
        return exchange.IsHead ? Task.CompletedTask : WriteAsync(exchange, size, chunk, shortest, longest);
    }

    private static async Task WriteAsync(SampleExchange exchange, long size, long chunk, TimeSpan shortestStall, TimeSpan longestStall)
    {
        for (long position = 0; position < size; position += chunk)
        {
            if (position > 0 && longestStall > TimeSpan.Zero)
                await exchange.Timer.WaitAsync(
                    shortestStall + ((longestStall - shortestStall) * Random.Shared.NextDouble()), exchange.Aborted);
            await Pattern.WriteAsync(exchange.Output, position, Math.Min(chunk, size - position), exchange.Aborted);
        }
    }
}
