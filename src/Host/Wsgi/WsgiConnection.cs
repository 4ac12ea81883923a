using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using DaemonProxy.Host.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.Wsgi;

/// <summary>
/// What a WSGI application is to know of its request beyond the request itself: who is connected to the front end, and when. It goes to a
/// daemon process in a header of ours, which no client can send, and which begins with the worker's secret: bytes in a body that a worker
/// took for a request would not have it.
/// </summary>
/// <param name="Start">When the front end got the request, seconds since 1970.</param>
/// <param name="RemoteAddress">The client's address.</param>
/// <param name="RemotePort">The client's port.</param>
/// <param name="ServerPort">The port that the client connected to.</param>
/// <param name="Scheme"><c>http</c> or <c>https</c>.</param>
/// <param name="Protocol">The client's protocol, as in <c>HTTP/1.1</c>.</param>
/// <param name="Script">The route's path or its script-name, decoded: what SCRIPT_NAME says; nothing for <c>/</c>.</param>
/// <param name="ForwardedPort">The port that the client connected to, by a trusted proxy's word; 0: none said one.</param>
/// <param name="Prefix">The path that a trusted proxy has taken off, decoded: SCRIPT_NAME begins with it.</param>
internal sealed record WsgiConnection(
    double Start, string RemoteAddress, int RemotePort, int ServerPort, string Scheme, string Protocol, string Script, int ForwardedPort,
        string Prefix)
{
    /// <summary>The header in which it goes to a daemon process.</summary>
    public const string Header = "X-DaemonProxy-Connection";

    /// <summary>The secret of the worker that the header goes to; nothing where it has none.</summary>
    public string Secret { get; init; } = "";

    /// <summary>Takes the secret off a header's value; takes as long whatever of it is wrong.</summary>
    /// <returns>The rest; null when the value does not begin with the secret.</returns>
    public static string? WithoutSecret(string value, string secret)
    {
        var given = value.AsSpan(0, Math.Min(value.Length, secret.Length));
        var isRight = CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(given), MemoryMarshal.AsBytes(secret.AsSpan()));
        return isRight ? value[secret.Length..].TrimStart(' ') : null;
    }

    /// <summary>The connection of a request at the front end.</summary>
    /// <param name="features">The request.</param>
    /// <param name="requester">Who asks.</param>
    /// <param name="scriptName">Where the application is mounted; <c>/</c> at the top.</param>
    /// <param name="now">When the request began.</param>
    public static WsgiConnection From(IFeatureCollection features, Requester requester, string scriptName, DateTimeOffset now)
    {
        var request = features.GetRequiredFeature<IHttpRequestFeature>();
        var connection = features.Get<IHttpConnectionFeature>();
        return new(
            (now - DateTimeOffset.UnixEpoch).TotalSeconds, (requester.Client ?? IPAddress.Loopback)
                .ToString(), requester.ClientPort, connection?.LocalPort ?? 0,
            requester.Scheme, request.Protocol, scriptName.TrimEnd('/'), requester.Port, requester.Prefix);
    }

    /// <summary>The header's value. The slash after each path is there for the path that is empty.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Secret}{(Secret.Length > 0 ? " " : "")}{Start:0.000000} {RemoteAddress} {RemotePort} {ServerPort} {Scheme} {Protocol} "
            + $"{Uri.EscapeDataString(Script + "/")} {ForwardedPort} {Uri.EscapeDataString(Prefix + "/")}");

    /// <summary>Reads the header back.</summary>
    /// <exception cref="BadHttpRequestException">It is not there: whoever connected is no front end of this product.</exception>
    public static WsgiConnection Parse(string value)
    {
        var parts = value.Split(' ');
        if (parts.Length != 9)
            throw new BadHttpRequestException(
                $"a daemon process of a WSGI application takes requests from its front end alone, which sends {Header}");
        return new(
            double.Parse(parts[0], CultureInfo.InvariantCulture), parts[1], int.Parse(parts[2], CultureInfo.InvariantCulture),
                int.Parse(parts[3], CultureInfo.InvariantCulture),
            parts[4], parts[5], Uri.UnescapeDataString(parts[6])[..^1], int.Parse(parts[7], CultureInfo.InvariantCulture),
                Uri.UnescapeDataString(parts[8])[..^1]);
    }
}
