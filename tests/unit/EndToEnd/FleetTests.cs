using System.Net;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// Real front ends that share a limit through a real Redis server, and what becomes of it when that server fails. Rates are compared with
/// each other and with the limit, with room for a busy machine; bench/fleet has the exact figures.
/// </summary>
[Trait("Host", "native")]
public sealed class FleetTests : IAsyncLifetime
{
    private const double Rate = FleetSite.Rate;
    private readonly FleetSite _site = new();

    private IReadOnlyList<RunningFrontEnd> FrontEnds => _site.FrontEnds;

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Three_front_ends_share_one_rate_and_that_of_one_that_is_killed_goes_to_the_others()
    {
        await _site.StartAsync(3);
        await _site.DownloadAsync(4, 2, 1);
        await _site.SharesSettleAsync(4, 2, 1);
        var (rates, _) = await _site.Transfers.MeasureAsync(TimeSpan.FromSeconds(2));
        Assert.All(rates, rate => Assert.InRange(rate / (Rate / 7), 0.85, 1.15));
        Assert.InRange(rates.Sum() / Rate, 0.9, 1.1);
        var status = await FrontEnds[0].Control.GetStatusAsync();
        Assert.Equal((nameof(FleetState.Connected), 3, "test"), (status.Fleet!.State, status.Fleet.Members, status.Fleet.Fleet));
        var limit = Assert.Single(status.RateLimits);
        Assert.Equal((nameof(LimitSharing.Fleet), 3), (limit.SharedBy, limit.Members!.Value));

        await FrontEnds[1].KillAsync();
        // Nobody has tidied up after it.
        foreach (var socket in Directory.EnumerateFiles(FrontEnds[1].Folder, "*.sock", SearchOption.AllDirectories)) File.Delete(socket);
        await FleetSite.UntilAsync(async () => await _site.ShareAsync(0) / Rate is > 0.79 and < 0.81, "the share of the killed one");
        (rates, _) = await _site.Transfers.MeasureAsync(TimeSpan.FromSeconds(1));
        Assert.InRange(rates.Sum() / Rate, 0.85, 1.1);
    }

    [Fact]
    public async Task Server_that_is_stopped_and_one_that_is_restarted_empty_stall_nobody_and_the_front_ends_come_back()
    {
        await _site.StartAsync(2, "fleet-timeout: 500ms");
        await _site.DownloadAsync(3, 1);
        await _site.SharesSettleAsync(3, 1);
        await _site.SignalRedisAsync("STOP");
        var (rates, stall) = await _site.Transfers.MeasureAsync(TimeSpan.FromSeconds(2));
        await FrontEnds[0].EventAsync("DPXY0060");
        Assert.InRange(rates.Sum() / Rate, 0.6, 1.15);
        Assert.InRange(stall.TotalSeconds, 0, 1);
        Assert.InRange(await _site.ShareAsync(1) / Rate, 0.49, 0.51);
        await _site.SignalRedisAsync("CONT");
        await FrontEnds[0].EventAsync("DPXY0061");
        await _site.SharesSettleAsync(3, 1);

        // A busy machine may have been too slow for fleet-timeout meanwhile.
        int[] before = [.. FrontEnds.Select(Losses)];
        await _site.Redis.KillAsync();
        await RunningFrontEnd.UntilAsync(
            () => FrontEnds.Select(Losses).Zip(before).All(counts => counts.First > counts.Second), "another loss");
        await _site.Redis.StartAgainAsync();
        (rates, stall) = await _site.Transfers.MeasureAsync(TimeSpan.FromSeconds(2));
        Assert.InRange(rates.Sum() / Rate, 0.6, 1.15);
        Assert.InRange(stall.TotalSeconds, 0, 1);
        await _site.SharesSettleAsync(3, 1);
    }

    [Fact]
    public async Task Full_server_is_a_loss_that_names_its_cause()
    {
        await _site.StartAsync(1, "fleet-timeout: 300ms");
        await using var connection = await _site.Redis.ConnectAsync();
        await connection.GetDatabase().ExecuteAsync("CONFIG", "SET", "maxmemory", "1");
        await FrontEnds[0].EventAsync("DPXY0060");
        Assert.Contains(FrontEnds[0].LogLines(), line => line.Contains("is full (maxmemory)", StringComparison.Ordinal));
        await connection.GetDatabase().ExecuteAsync("CONFIG", "SET", "maxmemory", "0");
        await FrontEnds[0].EventAsync("DPXY0061");
    }

    [Fact]
    public async Task Server_that_is_a_second_away_is_no_loss_and_the_rate_is_kept()
    {
        var path = Path.Combine(_site.Redis.Folder, "slow.sock");
        await using var proxy = new SlowSocketProxy(path, _site.Redis.Socket, TimeSpan.FromMilliseconds(500));
        await _site.StartAsync(2, socket: path);
        await _site.DownloadAsync(3, 1);
        await _site.SharesSettleAsync(3, 1);
        // It may have taken longer than fleet-timeout to connect.
        var before = FrontEnds[0].Events().Count;
        var (rates, _) = await _site.Transfers.MeasureAsync(TimeSpan.FromSeconds(2));
        Assert.InRange(rates.Sum() / Rate, 0.9, 1.1);
        Assert.Equal(before, FrontEnds[0].Events().Count);
    }

    [Fact]
    public async Task Front_end_whose_packets_are_dropped_is_alone_until_a_new_connection_gets_through()
    {
        var path = Path.Combine(_site.Redis.Folder, "dropping.sock");
        await using var proxy = new SlowSocketProxy(path, _site.Redis.Socket, TimeSpan.Zero);
        await _site.StartAsync(1, "fleet-timeout: 500ms", socket: path);
        await _site.StartAsync(1, "fleet-timeout: 500ms");
        await _site.DownloadAsync(3, 1);
        await _site.SharesSettleAsync(3, 1);

        proxy.Drops = true;
        await FrontEnds[0].EventAsync("DPXY0060");
        var (_, stall) = await _site.Transfers.MeasureAsync(TimeSpan.FromSeconds(1));
        Assert.InRange(stall.TotalSeconds, 0, 1);
        // What it had last is divided by the members there were; what the other one has is its own to take now.
        Assert.InRange(await _site.ShareAsync(0) / Rate, 0.49, 0.51);
        await FleetSite.UntilAsync(async () => await _site.ShareAsync(1) / Rate is > 0.99 and <= 1, "the lease of the one that is cut off to end");
        Assert.DoesNotContain("DPXY0060", FrontEnds[1].Events());

        proxy.Drops = false;
        await FrontEnds[0].EventAsync("DPXY0061");
        await _site.SharesSettleAsync(3, 1);
    }

    [Fact]
    public async Task Responses_are_refused_without_the_server_when_on_loss_is_refuse()
    {
        await _site.StartAsync(1, "fleet-timeout: 200ms, on-loss: refuse");
        using var served = await FrontEnds[0].Client.GetAsync("/bytes?n=10");
        Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        await _site.Redis.KillAsync();
        await FrontEnds[0].EventAsync("DPXY0060");
        using var refused = await FrontEnds[0].Client.GetAsync("/bytes?n=10");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        await FrontEnds[0].EventAsync("DPXY0063");
        await _site.Redis.StartAgainAsync();
    }

    [Fact]
    public async Task Password_that_is_asked_for_is_one_line_at_the_start_and_in_the_status()
    {
        await using (var connection = await _site.Redis.ConnectAsync())
            await connection.GetDatabase().ExecuteAsync("CONFIG", "SET", "requirepass", "secret");
        await _site.StartAsync(1, connects: false);
        await FrontEnds[0].EventAsync("DPXY0062");
        Assert.Single(FrontEnds[0].Events(), code => code == "DPXY0062");
        var status = await FrontEnds[0].Control.GetStatusAsync();
        Assert.Contains("asks for a password; give it password-file or password-env below fleet", status.Fleet!.Failure);
    }

    private static int Losses(RunningFrontEnd frontEnd) => frontEnd.Events().Count(code => code == "DPXY0060");
}
