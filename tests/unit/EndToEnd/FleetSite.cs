using System.Diagnostics;
using DaemonProxy.Control;
using DaemonProxy.Tests.Fleet;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>A fleet for a test: a Redis server, front ends that share a limit through it, and transfers that obey the limit.</summary>
internal sealed class FleetSite : IAsyncLifetime
{
    /// <summary>The rate of the limit, bytes a second.</summary>
    public const double Rate = 6 << 20;

    /// <summary>Downloads of all front ends.</summary>
    public const string Downloads = "rate-limits: [ { rate-limit: 6MiB/s, rate-scope: total, shared-by: fleet } ]";

    private readonly List<RunningFrontEnd> _frontEnds = [];

    public IReadOnlyList<RunningFrontEnd> FrontEnds => _frontEnds;

    public FleetTransfers Transfers { get; } = new();

    public RedisProcess Redis { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(RedisProcess.IsInstalled, RedisProcess.Missing);
        Redis = await RedisProcess.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await Transfers.DisposeAsync();
        }
        finally
        {
            try
            {
                await Task.WhenAll(_frontEnds.Select(frontEnd => frontEnd.DisposeAsync().AsTask()));
            }
            finally
            {
                if (Redis is not null) await Redis.DisposeAsync();
            }
        }
    }

    /// <summary>Starts front ends, and waits until each knows of all.</summary>
    /// <param name="count">How many.</param>
    /// <param name="options">Further keys below <c>fleet</c>.</param>
    /// <param name="socket">The server's socket; null: its own.</param>
    /// <param name="connects">Whether they can connect to it.</param>
    /// <param name="limits">The lines with the limit.</param>
    public async Task StartAsync(int count, string options = "", string? socket = null, bool connects = true, string limits = Downloads)
    {
        for (var i = 0; i < count; i++)
        {
            _frontEnds.Add(await RunningFrontEnd.StartAsync($$"""
                name: fe{{_frontEnds.Count}}
                fleet: { redis: "unix:{{socket ?? Redis.Socket}}", name: test{{(options.Length > 0 ? ", " : "")}}{{options}} }
                daemons: [ { name: app, sample: on } ]
                {{limits}}
                """));
        }
        if (!connects) return;
        await UntilAsync(async () => (await Task.WhenAll(_frontEnds.Select(each => each.Control.GetStatusAsync())))
            .All(status => status.Fleet is { State: nameof(FleetState.Connected) } fleet && fleet.Members == _frontEnds.Count), "all members");
    }

    /// <summary>Begins so many downloads from each front end.</summary>
    public async Task DownloadAsync(params int[] counts)
    {
        for (var i = 0; i < counts.Length; i++) await Transfers.AddAsync(_frontEnds[i], counts[i]);
    }

    /// <summary>Begins so many uploads to each front end.</summary>
    public async Task UploadAsync(params int[] counts)
    {
        for (var i = 0; i < counts.Length; i++) await Transfers.AddUploadsAsync(_frontEnds[i], counts[i]);
    }

    /// <summary>Waits until the front ends have these parts of the rate.</summary>
    public Task SharesSettleAsync(params int[] parts) => UntilAsync(
        async () =>
        {
            for (var i = 0; i < parts.Length; i++)
            {
                if (Math.Abs(await ShareAsync(i) / Rate - (double)parts[i] / parts.Sum()) > 0.01) return false;
            }
            return true;
        }, "the shares");

    /// <summary>A front end's share, bytes a second, of the one limit that a fleet shares.</summary>
    public async Task<double> ShareAsync(int frontEnd)
    {
        var status = await _frontEnds[frontEnd].Control.GetStatusAsync();
        var limits = status.RateLimits.Concat(status.UploadRateLimits)
            .Concat(status.Routes.SelectMany(route => route.RateLimits.Concat(route.UploadRateLimits)));
        return limits.Single(limit => limit.Share is not null).Share!.Value;
    }

    /// <summary>Waits until something holds.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds, string what)
    {
        for (var start = Stopwatch.StartNew(); !await holds(); await Task.Delay(20))
            Assert.True(start.Elapsed < RunningFrontEnd.Limit, "waited in vain for " + what);
    }

    /// <summary>Sends a signal to the server.</summary>
    public async Task SignalRedisAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{Redis.ProcessId}"]);
        await kill.WaitForExitAsync();
    }
}
