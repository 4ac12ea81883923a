using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Requests;
using Microsoft.AspNetCore.Http;

namespace DaemonProxy.Host.Wsgi;

/// <summary>
/// What a WSGI application is told about its request beyond the request itself: who is connected to the front end, and when the request
/// began. A daemon process receives it in a private header that no client can send. The header begins with the worker's secret, which body
/// bytes that a worker mistook for a request would not contain.
/// </summary>
/// <param name="Start">When the front end received the request, seconds since 1970.</param>
/// <param name="RemoteAddress">The client's address.</param>
/// <param name="RemotePort">The client's port.</param>
/// <param name="ServerPort">The port that the client connected to.</param>
/// <param name="Scheme"><c>http</c> or <c>https</c>.</param>
/// <param name="Protocol">The client's protocol, as in <c>HTTP/1.1</c>.</param>
/// <param name="Script">The decoded path or script-name of the route, for SCRIPT_NAME; empty for <c>/</c>.</param>
/// <param name="ForwardedPort">The port that the client connected to, as stated by a trusted proxy; 0: not stated.</param>
/// <param name="Prefix">The decoded path that a trusted proxy has removed; SCRIPT_NAME begins with it.</param>
internal sealed record WsgiConnection(
    double Start, string RemoteAddress, int RemotePort, int ServerPort, string Scheme, string Protocol, string Script, int ForwardedPort,
        string Prefix)
{
    /// <summary>The header that carries the connection to a daemon process.</summary>
    public const string Header = "X-DaemonProxy-Connection";

    /// <summary>The secret of the worker that receives the header; empty when it has none.</summary>
    public string Secret { get; init; } = "";

    /// <summary>Removes the secret from a header's value, in constant time whichever part of it is wrong.</summary>
    /// <returns>The rest; null when the value does not begin with the secret.</returns>
    public static string? WithoutSecret(string value, string secret)
    {
        var given = value.AsSpan(0, Math.Min(value.Length, secret.Length));
        var isRight = CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(given), MemoryMarshal.AsBytes(secret.AsSpan()));
        return isRight ? value[secret.Length..].TrimStart(' ') : null;
    }

    /// <summary>Describes the connection of a request at the front end.</summary>
    /// <param name="exchange">The request.</param>
    /// <param name="requester">Who sent the request.</param>
    /// <param name="scriptName">The mount point of the application; <c>/</c> at the top.</param>
    /// <param name="now">When the request began.</param>
    public static WsgiConnection From(HttpExchange exchange, Requester requester, string scriptName, DateTimeOffset now)
    {
        return new(
            (now - DateTimeOffset.UnixEpoch).TotalSeconds, (requester.Client ?? IPAddress.Loopback)
                .ToString(), requester.ClientPort, exchange.Connection?.LocalPort ?? 0,
            requester.Scheme, exchange.Request.Protocol, scriptName.TrimEnd('/'), requester.Port, requester.Prefix);
    }

    /// <summary>Describes the front end's own health check to a WSGI worker.</summary>
    /// <param name="secret">The worker's secret.</param>
    /// <param name="now">When the check is made.</param>
    /// <returns>The header.</returns>
    public static (string Name, string Value) ForHealthCheck(string secret, DateTimeOffset now) =>
        (Header, new WsgiConnection(
            (now - DateTimeOffset.UnixEpoch).TotalSeconds, IPAddress.Loopback.ToString(), 0, 80, "http", "HTTP/1.1", "", 0, "")
        { Secret = secret }.ToString());

    /// <summary>The header's value. The slash after each path allows for an empty path.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Secret}{(Secret.Length > 0 ? " " : "")}{Start:0.000000} {RemoteAddress} {RemotePort} {ServerPort} {Scheme} {Protocol} "
            + $"{Uri.EscapeDataString(Script + "/")} {ForwardedPort} {Uri.EscapeDataString(Prefix + "/")}");

    /// <summary>Parses the header's value.</summary>
    /// <exception cref="BadHttpRequestException">The header is missing: the peer is not a front end of this product.</exception>
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
