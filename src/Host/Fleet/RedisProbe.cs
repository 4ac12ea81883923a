using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Fleet;

namespace DaemonProxy.Host.Fleet;

/// <summary>
/// Connects to a fleet's server once, before the client does, which reports whatever goes wrong on the way to the first answer as one and
/// the same failure, some seconds later.
/// </summary>
internal static class RedisProbe
{
    /// <summary>Connects, agrees on TLS where the address says so, and waits for the first bytes of an answer.</summary>
    /// <param name="options">The fleet.</param>
    /// <param name="endPoint">The server's address.</param>
    /// <param name="stop">The end of patience.</param>
    /// <exception cref="FleetServerException">What is wrong.</exception>
    public static async Task TryAsync(FleetOptions options, EndPoint endPoint, CancellationToken stop)
    {
        try
        {
            using var socket = Open(endPoint);
            await socket.ConnectAsync(endPoint, stop).ConfigureAwait(false);
            var plain = new NetworkStream(socket);
            await using (plain.ConfigureAwait(false))
            {
                if (!options.Redis.IsTls)
                {
                    await AskAsync(options, plain, stop).ConfigureAwait(false);
                    return;
                }
                var tls = new SslStream(plain);
                await using (tls.ConfigureAwait(false))
                {
                    await AgreeAsync(options, tls, stop).ConfigureAwait(false);
                    await AskAsync(options, tls, stop).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException late)
        {
            throw new FleetServerException(RedisFailure.NoAnswer(options), isLasting: false, late);
        }
        catch (SocketException failure)
        {
            throw Failure(
                options, $"cannot be reached ({failure.Message.TrimEnd('.')}); see that the server listens there", false, failure);
        }
    }

    private static Socket Open(EndPoint endPoint) => endPoint is UnixDomainSocketEndPoint
        ? new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        : new(SocketType.Stream, ProtocolType.Tcp);

    private static async Task AgreeAsync(FleetOptions options, SslStream tls, CancellationToken stop)
    {
        var errors = SslPolicyErrors.None;
        var wanted = new SslClientAuthenticationOptions
        {
            TargetHost = options.Redis.Host,
            CertificateChainPolicy = Trust(options),
            RemoteCertificateValidationCallback = (_, _, _, found) => (errors = found) == SslPolicyErrors.None,
        };
        try
        {
            await tls.AuthenticateAsClientAsync(wanted, stop).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException)
        {
            throw errors switch
            {
                SslPolicyErrors.None => new FleetServerException(RedisFailure.NoAnswer(options), isLasting: false, failure),
                SslPolicyErrors.RemoteCertificateNameMismatch => Failure(
                    options, "has a certificate for another host; write the host below redis as the certificate has it", true, failure),
                _ => Failure(
                    options, "has a certificate of an authority that is not trusted; name the authority with tls-ca", true, failure),
            };
        }
    }

    /// <summary>The authorities of <c>tls-ca</c>; null: the system's.</summary>
    private static X509ChainPolicy? Trust(FleetOptions options)
    {
        if (options.TlsAuthorities is not { } file) return null;
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(file);
        return policy;
    }

    private static async Task AskAsync(FleetOptions options, Stream stream, CancellationToken stop)
    {
        var answer = new byte[256];
        int count;
        try
        {
            await stream.WriteAsync("PING\r\n"u8.ToArray(), stop).ConfigureAwait(false);
            count = await stream.ReadAsync(answer, stop).ConfigureAwait(false);
        }
        catch (IOException)
        {
            count = 0;
        }
        if (count == 0)
        {
            throw Failure(options, "closes the connection at once" + (options.Redis.IsTls || options.Redis.UnixSocket is not null
                ? "; see what its log says" : "; if it expects TLS, write rediss:// in place of redis://"), isLasting: false);
        }
        // One that asks for a password says so here as well; the client has it.
        var said = Encoding.ASCII.GetString(answer, 0, count);
        if (said.StartsWith("-DENIED", StringComparison.Ordinal))
            throw Failure(options, "lets nobody in from another host (protected-mode); give it a password or a bind address", true);
        if (said.StartsWith("-ERR max number of clients", StringComparison.Ordinal))
            throw Failure(options, "has no room for another client (maxclients); raise that limit", isLasting: false);
    }

    private static FleetServerException Failure(FleetOptions options, string what, bool isLasting, Exception? cause = null) =>
        new($"{options.Redis} {what}", isLasting, cause);
}
