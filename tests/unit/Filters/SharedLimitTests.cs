using System.Net;
using System.Security.Cryptography;
using DaemonProxy.Configuration;
using DaemonProxy.Filters;
using DaemonProxy.Pacing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Filters;

/// <summary>Limits that several responses share, on a clock that the test turns: who gets how much, and when.</summary>
public sealed class SharedLimitTests
{
    private readonly FakeTimeProvider _time = new();

    private LiveRateLimit Limit(long rate, RateScope scope, RateConditions? conditions = null) =>
        new(new RateLimit(rate, 0, PacerKind.TokenBucket), _time, scope, conditions);

    private static RateLimitKey Client(string address, string route = "/") => new(route, new ClientKey(IPAddress.Parse(address)));

    private void Pass(double seconds, double stepMs = 1)
    {
        for (var i = 0; i < seconds * 1000 / stepMs; i++) _time.Advance(TimeSpan.FromMilliseconds(stepMs));
    }

    [Theory]
    [InlineData(800_000, 1)]
    [InlineData(800_000, 7)]
    [InlineData(8_000, 1)]
    [InlineData(80_000_000, 1)]
    public void Eight_responses_get_equal_shares_whatever_the_sizes_of_their_blocks(long rate, double stepMs)
    {
        using var limit = Limit(rate, RateScope.Route);
        var responses = new[] { 100, 512, 1000, 8192, 65_536, 1 << 20, 333, 20_000 }.Select(
            block => new Response(limit, Client("10.0.0.1"), block)).ToArray();
        foreach (var response in responses) response.Start();
        // What is queued at first differs; from there on all are equal.
        Pass(2, stepMs);
        var before = responses.Select(response => response.Bytes).ToArray();
        Pass(20, stepMs);
        var got = responses.Select((response, i) => response.Bytes - before[i]).ToArray();
        Assert.All(got, bytes => Assert.InRange(bytes / (rate * 20 / 8d), 0.95, 1.05));
        Assert.InRange(got.Sum() / (rate * 20d), 0.995, 1.005);
    }

    [Fact]
    public void Response_with_a_lower_limit_of_its_own_leaves_the_rest_to_the_others()
    {
        using var limit = Limit(400_000, RateScope.Total);
        using var own = Limit(20_000, RateScope.Response);
        var slow = new Response(limit, default, 8192, own);
        Response[] others = [new(limit, default, 8192), new(limit, default, 100), new(limit, default, 65_536)];
        slow.Start();
        foreach (var response in others) response.Start();
        Pass(10);
        Assert.InRange(slow.Bytes / 200_000d, 0.98, 1.02);
        Assert.All(others, response => Assert.InRange(response.Bytes / (380_000 * 10 / 3d), 0.95, 1.05));
    }

    [Fact]
    public void Share_that_is_freed_is_taken_up_within_100_ms()
    {
        using var limit = Limit(100_000, RateScope.Route);
        var responses = Enumerable.Range(0, 8).Select(_ => new Response(limit, default, 8192)).ToArray();
        foreach (var response in responses) response.Start();
        Pass(2);
        foreach (var response in responses[1..]) response.Stop();
        Pass(0.1);
        var before = responses[0].Bytes;
        Pass(1);
        Assert.InRange(responses[0].Bytes - before, 98_000, 102_000);
    }

    [Fact]
    public void Response_that_is_cancelled_while_it_waits_has_used_up_nothing()
    {
        using var limit = Limit(1000, RateScope.Route);
        var (first, second, third) = (
            new Response(limit, default, 512), new Response(limit, default, 512), new Response(limit, default, 512));
        first.Start();
        second.Start();
        third.Start();
        second.Stop();
        Assert.True(second.Ended);
        // The first's two blocks and the third's one take what three take, not four.
        Pass(0.512);
        Assert.Equal(512, third.Bytes + first.Bytes - 512);
        Pass(0.513);
        Assert.Equal(1536, third.Bytes + first.Bytes);
        Assert.Equal(0, second.Bytes);
        Assert.Equal(2, limit.Responses);
    }

    [Fact]
    public void Each_client_has_its_own_rate_and_its_responses_share_it()
    {
        using var limit = Limit(100_000, RateScope.Client);
        Response[] one =
            [new(limit, Client("10.0.0.1"), 8192), new(limit, Client("10.0.0.1", "/other"), 8192),
            new(limit, Client("::ffff:10.0.0.1"), 8192)];
        var other = new Response(limit, Client("10.0.0.2"), 8192);
        foreach (var response in one.Append(other)) response.Start();
        Pass(10);
        Assert.InRange(one.Sum(response => response.Bytes), 990_000, 1_010_000);
        Assert.InRange(other.Bytes, 990_000, 1_010_000);
    }

    [Fact]
    public void Addresses_of_one_IPv6_network_of_64_bits_are_one_client()
    {
        Assert.Equal(new ClientKey(IPAddress.Parse("2001:db8::1")), new ClientKey(IPAddress.Parse("2001:db8::ffff:0:0:1")));
        Assert.NotEqual(new ClientKey(IPAddress.Parse("2001:db8::1")), new ClientKey(IPAddress.Parse("2001:db8:0:1::1")));
        Assert.NotEqual(new ClientKey(IPAddress.Parse("0.0.0.1")), new ClientKey(IPAddress.Parse("0:0:0:0:1::")));
        Assert.NotEqual(default, new ClientKey(IPAddress.Parse("0.0.0.0")));
    }

    [Fact]
    public void Limit_of_route_scope_for_all_routes_is_each_route_s_own()
    {
        using var limit = Limit(100_000, RateScope.Route);
        Response[] responses =
            [new(limit, Client("10.0.0.1", "/a"), 8192), new(limit, Client("10.0.0.2", "/a"), 8192),
            new(limit, Client("10.0.0.1", "/b"), 8192)];
        foreach (var response in responses) response.Start();
        Pass(10);
        Assert.InRange(responses[0].Bytes + responses[1].Bytes, 990_000, 1_010_000);
        Assert.InRange(responses[2].Bytes, 990_000, 1_010_000);
    }

    [Fact]
    public void Response_obeys_all_its_limits()
    {
        using var client = Limit(100_000, RateScope.Client);
        using var total = Limit(150_000, RateScope.Total);
        Response[] responses =
            [new(total, Client("10.0.0.1"), 8192, client), new(total, Client("10.0.0.1"), 8192, client),
            new(total, Client("10.0.0.2"), 8192, client)];
        foreach (var response in responses) response.Start();
        Pass(10);
        // A third each of the total: the first client's two together are just at its limit.
        Assert.InRange(responses.Sum(response => response.Bytes), 1_480_000, 1_515_000);
        Assert.InRange(responses[0].Bytes + responses[1].Bytes, 960_000, 1_010_000);
    }

    [Fact]
    public void Changed_rate_holds_at_once_for_all_that_wait_and_0_lifts_it()
    {
        using var limit = Limit(1, RateScope.Route);
        var responses = Enumerable.Range(0, 4).Select(_ => new Response(limit, default, 8192)).ToArray();
        foreach (var response in responses) response.Start();
        Pass(5);
        Assert.Equal(512, responses.Sum(response => response.Bytes));
        limit.Limit = limit.Limit with { Rate = 400_000 };
        // They go on on other threads, while no time passes; when all of them wait again they have been counted.
        Until(() => limit.Waiting == 4);
        var before = responses.Sum(response => response.Bytes);
        Pass(1);
        Assert.InRange(responses.Sum(response => response.Bytes) - before, 395_000, 425_000);
        Assert.All(responses, response => Assert.InRange(response.Bytes, 90_000, 120_000));
        foreach (var response in responses) response.Most = 10_000_000;
        limit.Limit = limit.Limit with { Rate = 0 };
        Until(() => responses.All(response => response.Ended));
    }

    private static void Until(Func<bool> holds) => Assert.True(SpinWait.SpinUntil(holds, TimeSpan.FromSeconds(30)));

    [Fact]
    public void Limiter_of_a_client_is_gone_when_it_is_idle_and_not_before_its_bytes_are_paid_for()
    {
        using var limit = Limit(1000, RateScope.Client);
        var first = new Response(limit, Client("10.0.0.1"), 100) { Most = 20_000 };
        first.Start();
        first.Stop();
        Assert.Equal(1, limit.Limiters);
        // Who comes again at once has not got rid of what the last response used up.
        var again = new Response(limit, Client("10.0.0.1"), 512);
        again.Start();
        again.Stop();
        Assert.Equal(1, limit.Limiters);
        Pass(12, stepMs: 100);
        Assert.Equal(0, limit.Limiters);
    }

    [Fact]
    public void Flood_of_addresses_shares_one_limiter_beyond_the_most()
    {
        using var limiters = new SharedLimiters(_time, new PacingLoad()) { Most = 100 };
        var shares = Enumerable.Range(0, 300).Select(i => limiters.Share(Client($"10.0.{i / 256}.{i % 256}"), 1000)).ToArray();
        Assert.Equal(100, limiters.Count);
        // The first write of each limiter is due at once: one for all of those that came last.
        Assert.Equal(101, shares.Count(share => share.PaceAsync(512, default).IsCompleted));
        foreach (var share in shares) share.Dispose();
        Pass(12, stepMs: 500);
        Assert.Equal(0, limiters.Count);
    }

    [Theory]
    [InlineData(1, 512)]
    [InlineData(2500, 512)]
    [InlineData(2501, 1024)]
    [InlineData(10_000, 2048)]
    [InlineData(1_000_000, 4096)]
    public void Smallest_write_grows_with_the_number_of_paced_responses(int responses, int expected)
    {
        var load = new PacingLoad();
        using var limiter = new ByteRateLimiter(8192, _time, load);
        for (var i = 0; i < responses - 1; i++) load.Enter();
        using var share = new TokenBucketPacer(limiter);
        Assert.Equal(expected, share.WriteSize);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void No_byte_is_lost_or_reordered_under_several_limits_that_change(int seed)
    {
        var random = new Random(seed);
        using var own = Limit(100_000, RateScope.Response);
        using var total = Limit(150_000, RateScope.Total);
        var responses = Enumerable.Range(0, 5).Select(_ => new Response(total, default, random.Next(1, 30_000), own) { Most = 200_000 })
            .ToArray();
        foreach (var response in responses) response.Start();
        for (var i = 0; i < 200 && !responses.All(response => response.Ended); i++)
        {
            Pass(0.2);
            (i % 2 == 0 ? own : total).Limit = new RateLimit(random.Next(0, 5) * 50_000, 0, PacerKind.TokenBucket);
            Thread.Sleep(1);
        }
        own.Limit = total.Limit = new RateLimit(0, 0, PacerKind.TokenBucket);
        Until(() => responses.All(response => response.Ended));
        Assert.All(responses, response => Assert.Equal(response.Expected, response.Hash));
    }

    /// <summary>A response that has always more to send: block after block through its limits, the widest last.</summary>
    private sealed class Response(LiveRateLimit limit, RateLimitKey key, int block, LiveRateLimit? own = null) : IOutputFilter
    {
        private readonly CancellationTokenSource _gone = new();
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly IncrementalHash _expected = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private Task? _run;
        private long _bytes;

        public long Bytes => Interlocked.Read(ref _bytes);

        public long Most { get; set; } = long.MaxValue;

        public bool Ended => _run!.IsCompleted;

        public string Hash => Convert.ToHexString(_hash.GetCurrentHash());

        public string Expected => Convert.ToHexString(_expected.GetCurrentHash());

        public long Held => 0;

        public void Start() => _run = RunAsync();

        public void Stop()
        {
            _gone.Cancel();
            Until(() => Ended);
        }

        private async Task RunAsync()
        {
            using var shared = new RateLimitFilter(limit, key, this);
            using var first = own is null ? null : new RateLimitFilter(own, key, shared);
            var data = new byte[block];
            var random = new Random(block);
            try
            {
                for (long sent = 0; sent < Most; sent += block)
                {
                    random.NextBytes(data);
                    _expected.AppendData(data);
                    await (first ?? shared).WriteAsync(data, Marker.None, _gone.Token);
                }
            }
            catch (OperationCanceledException)
            {
                // Stopped.
            }
        }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, Marker marker, CancellationToken cancellationToken)
        {
            Interlocked.Add(ref _bytes, bytes.Length);
            _hash.AppendData(bytes.Span);
            return ValueTask.CompletedTask;
        }

        public ValueTask EndAsync(
            ReadOnlyMemory<byte> last, IReadOnlyList<KeyValuePair<string, string>> trailers, CancellationToken cancellationToken) =>
            WriteAsync(last, Marker.Flush, cancellationToken);
    }
}
