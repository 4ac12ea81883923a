using System.Diagnostics;
using BenchmarkDotNet.Attributes;
using DaemonProxy.Filters;
using DaemonProxy.Pacing;

namespace DaemonProxy.Micro;

/// <summary>What a pacer asks of a block that it need not hold up: the price of a limit that never binds.</summary>
[MemoryDiagnoser]
public class PacerBenchmarks
{
    private const int Blocks = 10_000;
    private readonly byte[] _block = new byte[16_384];
    private IOutputFilter _open = null!;
    private IOutputFilter _tokenBucket = null!;

    [GlobalSetup]
    public void SetUp()
    {
        _open = Filter(0);
        // So high that a block is paid for before the next can be there.
        _tokenBucket = Filter(long.MaxValue / 1024);
    }

    private static RateLimitFilter Filter(long rate) =>
        new(new LiveRateLimit(new RateLimit(rate, 0, PacerKind.TokenBucket), TimeProvider.System), default, new Nowhere());

    [Benchmark(OperationsPerInvoke = Blocks, Baseline = true)]
    public void No_limit() => Write(_open);

    [Benchmark(OperationsPerInvoke = Blocks)]
    public void Token_bucket_that_never_binds() => Write(_tokenBucket);

    private void Write(IOutputFilter filter)
    {
        for (var i = 0; i < Blocks; i++)
        {
            var write = filter.WriteAsync(_block, Marker.None, CancellationToken.None);
            if (!write.IsCompletedSuccessfully) throw new UnreachableException("the limit has bound");
            write.GetAwaiter().GetResult();
        }
    }

    private sealed class Nowhere : IOutputFilter
    {
        public long Held => 0;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> block, Marker marker, CancellationToken cancellationToken) =>
            ValueTask.CompletedTask;

        public ValueTask EndAsync(
            ReadOnlyMemory<byte> last, IReadOnlyList<KeyValuePair<string, string>> trailers, CancellationToken cancellationToken) =>
            ValueTask.CompletedTask;
    }
}
