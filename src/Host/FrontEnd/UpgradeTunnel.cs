using DaemonProxy.Daemons;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>After a 101: passes bytes both ways until both sides are done (RFC 9110, section 7.8). What is spoken there is theirs.</summary>
internal static class UpgradeTunnel
{
    /// <summary>Passes until either side ends.</summary>
    public static async Task RunAsync(DaemonExchange exchange, IFeatureCollection features)
    {
        var client = await features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync().ConfigureAwait(false);
        var (daemon, received) = exchange.Connection.TakeOver();
        using var ended = new CancellationTokenSource();
        try
        {
            if (!received.IsEmpty) await client.WriteAsync(received, ended.Token).ConfigureAwait(false);
            var down = daemon.CopyToAsync(client, ended.Token);
            var up = UpAsync(client, exchange, daemon, ended.Token);
            // A daemon that has closed has said its last.
            if (await Task.WhenAny(down, up).ConfigureAwait(false) == down) await ended.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(down, up).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // One side has gone; the other learns of it when its connection closes behind this.
        }
        finally
        {
            await daemon.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async Task UpAsync(Stream client, DaemonExchange exchange, Stream daemon, CancellationToken ended)
    {
        await client.CopyToAsync(daemon, ended).ConfigureAwait(false);
        exchange.Connection.EndRequest();
    }
}
