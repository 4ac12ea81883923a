using System.Net;
using DaemonProxy.Configuration;
using DaemonProxy.Filters;
using DaemonProxy.Pacing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Filters;

/// <summary>
/// <c>rate-limit-after</c> of a limit that is shared: one burst for all who share it, given back as time passes. On a clock that the test
/// turns.
/// </summary>
public sealed class SharedBurstTests
{
    private const int Rate = 100_000;
    private const int Burst = 1_000_000;

    private readonly FakeTimeProvider _time = new();

    private LiveRateLimit Limit(RateScope scope, long burst = Burst) =>
        new(new RateLimit(Rate, burst, PacerKind.TokenBucket), _time, scope);

    private static RateLimitKey Key(string address = "10.0.0.1", string route = "/") => new(route, new ClientKey(IPAddress.Parse(address)));

    private void Pass(double seconds)
    {
        for (var i = 0; i < seconds * 1000; i++) _time.Advance(TimeSpan.FromMilliseconds(1));
    }

    /// <summary>
    /// Sends in responses of a size, one after the other, as a client does that asks for a file in pieces, for some time.
    /// </summary>
    /// <returns>The bytes that it got.</returns>
    private long Pieces(LiveRateLimit limit, RateLimitKey key, int size, double seconds)
    {
        var output = new CountingOutput();
        using var gone = new CancellationTokenSource();
        var run = RunAsync();
        Pass(seconds);
        gone.Cancel();
        Assert.True(SpinWait.SpinUntil(() => run.IsCompleted, TimeSpan.FromSeconds(30)));
        return output.Bytes;

        async Task RunAsync()
        {
            var block = new byte[size];
            try
            {
                while (!gone.IsCancellationRequested && output.Bytes < 100 * Burst)
                {
                    using var response = new RateLimitFilter(limit, key, output);
                    await response.EndAsync(block, [], gone.Token);
                }
            }
            catch (OperationCanceledException)
            {
                // It has had its time.
            }
        }
    }

    [Theory]
    [InlineData(RateScope.Client, 1_000)]
    [InlineData(RateScope.Client, 50_000)]
    [InlineData(RateScope.Client, 900_000)]
    [InlineData(RateScope.Client, 5_000_000)]
    [InlineData(RateScope.Route, 50_000)]
    [InlineData(RateScope.Total, 50_000)]
    public void Download_in_pieces_gets_one_burst_and_then_the_rate(RateScope scope, int piece)
    {
        using var limit = Limit(scope);
        Assert.InRange(Pieces(limit, Key(), piece, 10), Burst + 10 * Rate - 20_000, Burst + 10 * Rate + 20_000);
    }

    [Fact]
    public void Burst_of_a_response_is_each_response_s_own_as_before()
    {
        using var limit = Limit(RateScope.Response, burst: 50_000);
        var output = new CountingOutput();
        for (var i = 0; i < 10; i++)
        {
            using var response = new RateLimitFilter(limit, Key(), output);
            Assert.True(response.EndAsync(new byte[50_000], [], default).IsCompletedSuccessfully);
        }
        Assert.Equal(500_000, output.Bytes);
    }

    [Theory]
    [InlineData(3, 300_000)]
    [InlineData(30, Burst)]
    public void Burst_is_given_back_as_time_passes(double rest, int expected)
    {
        using var limit = Limit(RateScope.Client);
        Pieces(limit, Key(), 50_000, 5);
        Pass(rest);
        Assert.InRange(Pieces(limit, Key(), 50_000, 1), expected + Rate - 25_000, expected + Rate + 25_000);
    }

    [Fact]
    public void Limiter_is_not_forgotten_before_its_burst_is_whole_again()
    {
        using var limit = Limit(RateScope.Client);
        Pieces(limit, Key(), 50_000, 1);
        Pass(8);
        Assert.Equal(1, limit.Limiters);
        Pass(12);
        Assert.Equal(0, limit.Limiters);
    }

    [Fact]
    public void Each_client_has_a_burst_and_a_client_s_responses_share_it()
    {
        using var limit = Limit(RateScope.Client);
        Assert.InRange(Pieces(limit, Key(), 50_000, 1), Burst, Burst + Rate + 20_000);
        Assert.InRange(Pieces(limit, Key(route: "/other"), 50_000, 1), 0, Rate + 20_000);
        Assert.InRange(Pieces(limit, Key("10.0.0.2"), 50_000, 1), Burst, Burst + Rate + 20_000);
    }

    [Fact]
    public void Change_of_the_limit_gives_nobody_a_burst_again()
    {
        using var limit = Limit(RateScope.Client);
        Pieces(limit, Key(), 50_000, 1);
        limit.Limit = new RateLimit(Rate * 2, Burst, PacerKind.TokenBucket);
        Assert.InRange(Pieces(limit, Key(), 50_000, 1), 0, Rate * 2 + 25_000);
        limit.Limit = new RateLimit(Rate, 0, PacerKind.TokenBucket);
        Pass(20);
        Assert.InRange(Pieces(limit, Key(), 50_000, 1), 0, Rate + 25_000);
    }

    private sealed class CountingOutput : IOutputFilter
    {
        private long _bytes;

        public long Bytes => Interlocked.Read(ref _bytes);

        public long Held => 0;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> block, Marker marker, CancellationToken cancellationToken)
        {
            Interlocked.Add(ref _bytes, block.Length);
            return ValueTask.CompletedTask;
        }

        public ValueTask EndAsync(
            ReadOnlyMemory<byte> last, IReadOnlyList<KeyValuePair<string, string>> trailers, CancellationToken cancellationToken) =>
            WriteAsync(last, Marker.Flush, cancellationToken);
    }
}
