using System.Diagnostics;
using System.Net;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Tests.Fleet;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// Real front ends that share a limit through a real Redis server, and what becomes of it when that server fails. Rates are compared with
/// each other and with the limit, with room for a busy machine; bench/fleet has the exact figures.
/// </summary>
[Trait("Host", "native")]
public sealed class FleetTests : IAsyncLifetime
{
    private const double Rate = 6 << 20;
    private readonly List<RunningFrontEnd> _frontEnds = [];
    private readonly FleetDownloads _downloads = new();
    private RedisProcess _redis = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(RedisProcess.IsInstalled, RedisProcess.Missing);
        _redis = await RedisProcess.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _downloads.DisposeAsync();
        try
        {
            await Task.WhenAll(_frontEnds.Select(frontEnd => frontEnd.DisposeAsync().AsTask()));
        }
        finally
        {
            if (_redis is not null) await _redis.DisposeAsync();
        }
    }

    [Fact]
    public async Task Three_front_ends_share_one_rate_and_that_of_one_that_is_killed_goes_to_the_others()
    {
        await StartAsync(3);
        await BeginAsync(4, 2, 1);
        await SharesSettleAsync(4, 2, 1);
        var (rates, _) = await _downloads.MeasureAsync(TimeSpan.FromSeconds(2));
        Assert.All(rates, rate => Assert.InRange(rate / (Rate / 7), 0.85, 1.15));
        Assert.InRange(rates.Sum() / Rate, 0.9, 1.1);
        var status = await _frontEnds[0].Control.GetStatusAsync();
        Assert.Equal((nameof(FleetState.Connected), 3, "test"), (status.Fleet!.State, status.Fleet.Members, status.Fleet.Fleet));
        var limit = Assert.Single(status.RateLimits);
        Assert.Equal((nameof(LimitSharing.Fleet), 3), (limit.SharedBy, limit.Members!.Value));

        await _frontEnds[1].KillAsync();
        // Nobody has tidied up after it.
        foreach (var socket in Directory.EnumerateFiles(_frontEnds[1].Folder, "*.sock", SearchOption.AllDirectories)) File.Delete(socket);
        await UntilAsync(async () => await ShareAsync(0) is var share && share > Rate * 0.79 && share < Rate * 0.81, "the share of the killed one");
        (rates, _) = await _downloads.MeasureAsync(TimeSpan.FromSeconds(1));
        Assert.InRange(rates.Sum() / Rate, 0.85, 1.1);
    }

    [Fact]
    public async Task Server_that_is_stopped_and_one_that_is_restarted_empty_stall_nobody_and_the_front_ends_come_back()
    {
        await StartAsync(2, "fleet-timeout: 500ms");
        await BeginAsync(3, 1);
        await SharesSettleAsync(3, 1);
        await SignalAsync("STOP");
        var (rates, stall) = await _downloads.MeasureAsync(TimeSpan.FromSeconds(2));
        await _frontEnds[0].EventAsync("DPXY0060");
        Assert.InRange(rates.Sum() / Rate, 0.6, 1.15);
        Assert.InRange(stall.TotalSeconds, 0, 1);
        Assert.InRange(await ShareAsync(1) / Rate, 0.49, 0.51);
        await SignalAsync("CONT");
        await _frontEnds[0].EventAsync("DPXY0061");
        await SharesSettleAsync(3, 1);

        // On a busy machine an answer may be late once more, which is a loss of its own.
        int[] Losses() => [.. _frontEnds.Select(each => each.Events().Count(code => code == "DPXY0060"))];
        var before = Losses();
        await _redis.KillAsync();
        await RunningFrontEnd.UntilAsync(() => Losses().Zip(before).All(losses => losses.First > losses.Second), "another loss");
        await _redis.StartAgainAsync();
        (rates, stall) = await _downloads.MeasureAsync(TimeSpan.FromSeconds(2));
        Assert.InRange(rates.Sum() / Rate, 0.6, 1.15);
        Assert.InRange(stall.TotalSeconds, 0, 1);
        await SharesSettleAsync(3, 1);
    }

    [Fact]
    public async Task Full_server_is_a_loss_that_names_its_cause()
    {
        await StartAsync(1, "fleet-timeout: 300ms");
        await using var connection = await _redis.ConnectAsync();
        await connection.GetDatabase().ExecuteAsync("CONFIG", "SET", "maxmemory", "1");
        await _frontEnds[0].EventAsync("DPXY0060");
        Assert.Contains(_frontEnds[0].LogLines(), line => line.Contains("is full (maxmemory)", StringComparison.Ordinal));
        await connection.GetDatabase().ExecuteAsync("CONFIG", "SET", "maxmemory", "0");
        await _frontEnds[0].EventAsync("DPXY0061");
    }

    [Fact]
    public async Task Server_that_is_a_second_away_is_no_loss_and_the_rate_is_kept()
    {
        var path = Path.Combine(_redis.Folder, "slow.sock");
        await using var proxy = new SlowSocketProxy(path, _redis.Socket, TimeSpan.FromMilliseconds(500));
        await StartAsync(2, socket: path);
        await BeginAsync(3, 1);
        await SharesSettleAsync(3, 1);
        // It may have taken longer than fleet-timeout to connect.
        var before = _frontEnds[0].Events().Count;
        var (rates, _) = await _downloads.MeasureAsync(TimeSpan.FromSeconds(2));
        Assert.InRange(rates.Sum() / Rate, 0.9, 1.1);
        Assert.Equal(before, _frontEnds[0].Events().Count);
    }

    [Fact]
    public async Task Responses_are_refused_without_the_server_when_on_loss_is_refuse()
    {
        await StartAsync(1, "fleet-timeout: 200ms, on-loss: refuse");
        using var served = await _frontEnds[0].Client.GetAsync("/bytes?n=10");
        Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        await _redis.KillAsync();
        await _frontEnds[0].EventAsync("DPXY0060");
        using var refused = await _frontEnds[0].Client.GetAsync("/bytes?n=10");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        await _frontEnds[0].EventAsync("DPXY0063");
        await _redis.StartAgainAsync();
    }

    [Fact]
    public async Task Password_that_is_asked_for_is_one_line_at_the_start_and_in_the_status()
    {
        await using (var connection = await _redis.ConnectAsync())
            await connection.GetDatabase().ExecuteAsync("CONFIG", "SET", "requirepass", "secret");
        await StartAsync(1, connects: false);
        await _frontEnds[0].EventAsync("DPXY0062");
        Assert.Single(_frontEnds[0].Events(), code => code == "DPXY0062");
        var status = await _frontEnds[0].Control.GetStatusAsync();
        Assert.Contains("asks for a password; give it password-file or password-env below fleet", status.Fleet!.Failure);
    }

    private async Task StartAsync(int count, string options = "", string? socket = null, bool connects = true)
    {
        for (var i = 0; i < count; i++)
        {
            _frontEnds.Add(await RunningFrontEnd.StartAsync($$"""
                name: fe{{i}}
                fleet: { redis: "unix:{{socket ?? _redis.Socket}}", name: test{{(options.Length > 0 ? ", " : "")}}{{options}} }
                rate-limits: [ { rate-limit: 6MiB/s, rate-scope: total, shared-by: fleet } ]
                daemons: [ { name: app, sample: on } ]
                """));
        }
        if (!connects) return;
        await UntilAsync(async () => (await Task.WhenAll(_frontEnds.Select(each => each.Control.GetStatusAsync())))
            .All(status => status.Fleet is { State: nameof(FleetState.Connected) } fleet && fleet.Members == count), "all members");
    }

    private async Task BeginAsync(params int[] downloads)
    {
        for (var i = 0; i < downloads.Length; i++) await _downloads.AddAsync(_frontEnds[i], downloads[i]);
    }

    private Task SharesSettleAsync(params int[] parts) => UntilAsync(
        async () =>
        {
            for (var i = 0; i < parts.Length; i++)
            {
                if (Math.Abs(await ShareAsync(i) / Rate - (double)parts[i] / parts.Sum()) > 0.01) return false;
            }
            return true;
        }, "the shares");

    private async Task<double> ShareAsync(int frontEnd) => (await _frontEnds[frontEnd].Control.GetStatusAsync()).RateLimits[0].Share!.Value;

    private static async Task UntilAsync(Func<Task<bool>> holds, string what)
    {
        for (var start = Stopwatch.StartNew(); !await holds(); await Task.Delay(20))
            Assert.True(start.Elapsed < RunningFrontEnd.Limit, "waited in vain for " + what);
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_redis.ProcessId}"]);
        await kill.WaitForExitAsync();
    }
}
