using DaemonProxy.Configuration;
using StackExchange.Redis;
using Xunit;

namespace DaemonProxy.Tests.Fleet;

/// <summary>
/// Members of a fleet in virtual time: real members, limiters and pacers, and the script on a real server. The sum of the shares in force
/// is looked at every 5 ms.
/// </summary>
public sealed class FleetShareTests : IAsyncLifetime
{
    private const long Rate = 30L << 20;
    private const string Limit = "all";
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    private readonly VirtualTime _time = new();
    private readonly List<VirtualMember> _members = [];
    private Random _random = new(1);
    private RedisProcess _redis = null!;
    private ConnectionMultiplexer _connection = null!;
    private VirtualServer _server = null!;
    private double _most;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(RedisProcess.IsInstalled, RedisProcess.Missing);
        _redis = await RedisProcess.StartAsync();
        _connection = await _redis.ConnectAsync();
        _server = new VirtualServer(_connection, _time);
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null) await _connection.DisposeAsync();
        if (_redis is not null) await _redis.DisposeAsync();
    }

    [Fact]
    public void Twenty_four_responses_on_three_front_ends_get_the_same_and_together_the_rate()
    {
        var responses = Fleet(16, 6, 2);
        Run(1);
        Assert.All(SentIn(3, responses), sent => Assert.InRange(sent / (3.0 * Rate / 24), 0.98, 1.02));
        Assert.InRange(_most, 0, 1);
        Assert.InRange(SentIn(1, responses).Sum() / (double)Rate, 0.99, 1.01);
    }

    [Fact]
    public void Response_with_a_lower_limit_of_its_own_leaves_the_rest_to_all_others()
    {
        Join(2);
        Run(0.5);
        var capped = _members[0].Respond(Limit, Rate, own: Rate / 10);
        VirtualResponse[] others = [.. Enumerable.Range(0, 3).Select(_ => _members[0].Respond(Limit, Rate)), _members[1].Respond(Limit, Rate)];
        Run(2);
        var sent = SentIn(3, [capped, .. others]);
        Assert.InRange(sent[0] / (3.0 * Rate / 10), 0.97, 1.02);
        Assert.All(sent[1..], bytes => Assert.InRange(bytes / (3.0 * Rate * 0.9 / 4), 0.95, 1.04));
        Assert.InRange(_most, 0, 1);
    }

    [Fact]
    public void Responses_that_are_content_with_more_than_their_part_do_not_starve_a_hungry_one()
    {
        Join(2);
        Run(0.5);
        // Ten that take a tenth of the rate each need all of it, and a fair part is a eleventh.
        VirtualResponse[] content = [.. Enumerable.Range(0, 10).Select(_ => _members[0].Respond(Limit, Rate, own: Rate / 10))];
        Run(2);
        var late = _members[1].Respond(Limit, Rate);
        Run(2);
        Assert.InRange(SentIn(3, [late, .. content])[0] / (3.0 * Rate / 11), 0.9, 1.1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Shares_never_exceed_the_rate_whatever_comes_and_goes_and_however_long_calls_take(int seed)
    {
        _random = new(seed);
        Join(8);
        Run(0.5);
        var running = new List<VirtualResponse>();
        for (var step = 0; step < 200; step++)
        {
            switch (_random.Next(10))
            {
                case < 5: running.Add(_members[_random.Next(_members.Count)].Respond(Limit, Rate, _random.Next(3) == 0 ? Rate / 20 : null)); break;
                case < 9 when running.Count > 0:
                    var at = _random.Next(running.Count);
                    running[at].End();
                    running.RemoveAt(at);
                    break;
                case 9 when _random.Next(4) == 0:
                    _members[_random.Next(_members.Count)].Die();
                    Join(1);
                    break;
            }
            Run(_random.NextDouble() * 0.1);
        }
        Assert.InRange(_most, 0.9, 1);
    }

    [Fact]
    public void Share_of_a_front_end_that_died_is_the_others_after_its_lease()
    {
        var responses = Fleet(4, 4);
        Run(1);
        _members[0].Die();
        Run(3.5);
        Assert.InRange(_members[1].Shares[Limit].Share / (double)Rate, 0.99, 1);
        Assert.InRange(_most, 0, 1);
        Assert.Equal(8, responses.Length);
    }

    [Fact]
    public void Without_the_server_each_goes_on_with_its_share_and_then_with_its_part_of_the_rate_and_comes_back()
    {
        var responses = Fleet(16, 6, 2);
        Run(1);
        Connect(false);
        Run(1.5);
        Assert.InRange(_members[0].Shares[Limit].Share / (double)Rate, 0.65, 0.68);
        Run(3);
        Assert.All(_members, member => Assert.InRange(member.Shares[Limit].Share / (double)Rate, 0.333, 0.334));
        Assert.All(_members, member => Assert.True(member.Member.IsLost));
        Connect(true);
        Run(1);
        Assert.InRange(_members[0].Shares[Limit].Share / (double)Rate, 0.65, 0.68);
        Assert.InRange(SentIn(1, responses).Sum() / (double)Rate, 0.98, 1.01);
        Assert.InRange(_most, 0, 1);
    }

    [Fact]
    public async Task Server_that_is_restarted_empty_gives_nobody_more_until_all_have_said_what_they_use()
    {
        var responses = Fleet(16, 6, 2);
        Run(1);
        await _connection.GetDatabase().ExecuteAsync("FLUSHALL");
        Run(2);
        Assert.InRange(_most, 0, 1);
        Assert.InRange(SentIn(1, responses).Sum() / (double)Rate, 0.98, 1.01);
    }

    [Theory]
    [InlineData(FleetLoss.Keep, 16.0 / 24)]
    [InlineData(FleetLoss.Local, 1.0 / 3)]
    [InlineData(FleetLoss.Refuse, 16.0 / 24)]
    public void Loss_is_met_as_configured(FleetLoss loss, double share)
    {
        Fleet(new FleetOptions { Redis = Address, OnLoss = loss }, 16, 6, 2);
        Run(1);
        Connect(false);
        Run(4);
        Assert.InRange(_members[0].Shares[Limit].Share / (double)Rate, share - 0.01, share + 0.01);
        Assert.Equal(loss == FleetLoss.Refuse, _members[0].Member.Refuses);
    }

    [Fact]
    public void Unlimited_loss_lifts_the_limit()
    {
        Join(2, new FleetOptions { Redis = Address, OnLoss = FleetLoss.Unlimited });
        Run(1);
        Connect(false);
        Run(3);
        using var share = _members[0].Member.Join("late", Rate, _time, new());
        Assert.True(share.Share > 1000 * Rate);
    }

    [Fact]
    public async Task Limit_that_nobody_uses_leaves_no_key_and_an_idle_front_end_calls_twice_a_second()
    {
        var responses = Fleet(2, 1);
        Run(1);
        Assert.Equal(2, await KeysAsync());
        foreach (var response in responses) response.End();
        Run(1);
        Assert.Equal(1, await KeysAsync());
        var before = _server.Calls;
        Run(10);
        Assert.InRange(_server.Calls - before, 30, 42);
    }

    [Fact]
    public void Lowest_of_different_rates_holds()
    {
        Join(2);
        Run(0.5);
        _members[0].Respond(Limit, Rate);
        _members[1].Respond(Limit, Rate / 2);
        Run(1);
        Assert.InRange(_members.Sum(member => member.Shares[Limit].Share) / (double)(Rate / 2), 0.99, 1);
        _members[1].Shares[Limit].Rate = Rate;
        Run(1);
        Assert.InRange(_members.Sum(member => member.Shares[Limit].Share) / (double)Rate, 0.99, 1);
    }

    [Fact]
    public void Five_thousand_clients_are_one_call_of_a_bounded_size_and_each_gets_its_rate()
    {
        Join(2);
        Run(0.5);
        foreach (var member in _members)
        {
            for (var client = 0; client < 5_000; client++) member.Respond($"client{client}", 64 << 10);
        }
        var before = _server.Calls;
        Run(2);
        // Each of the two calls every 100 ms, and once more at once where it gave something up.
        Assert.InRange(_server.Calls - before, 20, 90);
        Assert.InRange(_members[0].Member.NextCall().Keys.Count, 1_000, 1_001);
        Assert.All(_members, member => Assert.InRange(member.Shares.Values.Sum(share => share.Share) / (5_000.0 * (32 << 10)), 0.99, 1.01));
    }

    private static FleetAddress Address => new("/nowhere", null, 0, 0, false);

    private async Task<long> KeysAsync() => (long)await _connection.GetDatabase().ExecuteAsync("DBSIZE");

    private VirtualResponse[] Fleet(params int[] responses) => Fleet(new FleetOptions { Redis = Address }, responses);

    private VirtualResponse[] Fleet(FleetOptions options, params int[] responses)
    {
        Join(responses.Length, options);
        Run(0.5);
        return [.. responses.SelectMany((count, i) => Enumerable.Range(0, count).Select(_ => _members[i].Respond(Limit, Rate))).ToArray()];
    }

    private void Join(int members, FleetOptions? options = null)
    {
        for (var i = 0; i < members; i++)
        {
            _members.Add(new VirtualMember(
                $"m{_members.Count}", options ?? new FleetOptions { Redis = Address }, _time, _server,
                () => TimeSpan.FromMilliseconds(1 + _random.NextDouble() * 49)));
        }
    }

    private void Connect(bool on)
    {
        foreach (var member in _members) member.IsConnected = on;
    }

    private double[] SentIn(double seconds, IReadOnlyList<VirtualResponse> responses)
    {
        long[] before = [.. responses.Select(response => response.Sent)];
        Run(seconds);
        return [.. responses.Select((response, i) => (double)(response.Sent - before[i]))];
    }

    private void Run(double seconds)
    {
        for (var left = TimeSpan.FromSeconds(seconds); left > TimeSpan.Zero; left -= Look)
        {
            _time.Advance(left < Look ? left : Look);
            var sum = _members.Where(member => !member.IsDead && member.Shares.ContainsKey(Limit)).Sum(member => (double)member.Shares[Limit].Share);
            _most = Math.Max(_most, sum / Rate);
        }
    }
}
