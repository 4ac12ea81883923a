using System.Net;
using System.Net.Sockets;

namespace DaemonProxy.Verification.Measuring;

/// <summary>The addresses of the host in an address.</summary>
internal static class HostAddresses
{
    /// <summary>The addresses of a host, or why there are none.</summary>
    public static async Task<(IReadOnlyList<EndPoint> EndPoints, string Problem)> ResolveAsync(
        Uri uri, TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(uri.IdnHost, cancellationToken).WaitAsync(limit, cancellationToken)
                .ConfigureAwait(false);
            return ([.. addresses.Select(address => new IPEndPoint(address, uri.Port))],
                $"There is no address for the name '{uri.IdnHost}'.");
        }
        catch (SocketException e)
        {
            return ([], $"There is no address for the name '{uri.IdnHost}': {e.Message.TrimEnd('.')}.");
        }
        catch (TimeoutException)
        {
            return ([], $"There was no address for the name '{uri.IdnHost}' within {limit.TotalSeconds:0.###} s.");
        }
        catch (OperationCanceledException)
        {
            return ([], $"Interrupted before the name '{uri.IdnHost}' had an address.");
        }
    }
}
