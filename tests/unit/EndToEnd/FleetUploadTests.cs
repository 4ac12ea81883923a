using DaemonProxy.Configuration;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>Uploads to several front ends under one limit that they share through a real Redis server.</summary>
[Trait("Host", "native")]
public sealed class FleetUploadTests : IAsyncLifetime
{
    private readonly FleetSite _site = new();

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Theory]
    [InlineData("rate-limits: [ { rate-limit: 6MiB/s, direction: upload, rate-scope: total, shared-by: fleet } ]")]
    [InlineData("routes: [ { path: /, daemon: app, upload-rate-limit: 6MiB/s, upload-rate-scope: route, upload-shared-by: fleet } ]")]
    public async Task Three_front_ends_share_one_rate_of_uploads_and_that_of_one_that_is_killed_goes_to_the_others(string limits)
    {
        await _site.StartAsync(3, limits: limits);
        // Responses do not count: there are as many downloads, which no limit holds back.
        await _site.UploadAsync(4, 2, 1);
        await _site.SharesSettleAsync(4, 2, 1);
        var (rates, _) = await _site.Transfers.MeasureAsync(TimeSpan.FromSeconds(2));
        Assert.All(rates, rate => Assert.InRange(rate / (FleetSite.Rate / 7), 0.85, 1.15));
        Assert.InRange(rates.Sum() / FleetSite.Rate, 0.9, 1.1);
        var status = await _site.FrontEnds[0].Control.GetStatusAsync();
        var limit = status.UploadRateLimits.Concat(status.Routes[0].UploadRateLimits).Single(limit => limit.Rate > 0);
        Assert.Equal((nameof(LimitSharing.Fleet), 3), (limit.SharedBy, limit.Members!.Value));

        await _site.FrontEnds[1].KillAsync();
        // Nobody has tidied up after it.
        foreach (var socket in Directory.EnumerateFiles(_site.FrontEnds[1].Folder, "*.sock", SearchOption.AllDirectories)) File.Delete(socket);
        await FleetSite.UntilAsync(
            async () => await _site.ShareAsync(0) / FleetSite.Rate is > 0.79 and < 0.81, "the share of the killed one");
        (rates, _) = await _site.Transfers.MeasureAsync(TimeSpan.FromSeconds(1));
        Assert.InRange(rates.Sum() / FleetSite.Rate, 0.85, 1.1);
    }
}
