using System.Globalization;
using System.Net;
using DaemonProxy.Daemons;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace DaemonProxy.Host.Requests;

/// <summary>
/// The sender of a request: the connected peer or, when the peer is a trusted proxy, the client that it speaks for, which is the rightmost
/// address of X-Forwarded-For that does not belong to a trusted proxy. Anything to the left of it can be forged.
/// </summary>
/// <param name="Peer">The connected peer; null: it has no address.</param>
/// <param name="Client">The client that made the request; null: it has no address.</param>
/// <param name="ClientPort">The client's port; 0: unknown.</param>
/// <param name="Scheme">The client's scheme: <c>http</c> or <c>https</c>.</param>
/// <param name="Host">The host that the client asked for, as stated by the proxy; null: the proxy stated none or is not trusted.</param>
/// <param name="Chain">X-Forwarded-For as a trusted proxy sent it; null: none did.</param>
internal sealed record Requester(IPAddress? Peer, IPAddress? Client, int ClientPort, string Scheme, string? Host, string? Chain)
{
    /// <summary>The common prefix of all these header names.</summary>
    private const string ForwardedPrefix = "X-Forwarded-";

    private const string ForwardedFor = "X-Forwarded-For";
    private const string ForwardedProto = "X-Forwarded-Proto";
    private const string ForwardedHost = "X-Forwarded-Host";
    private const string ForwardedPort = "X-Forwarded-Port";
    private const string MountPath = "X-Forwarded-Prefix";
    private const int LongestPrefix = 1024;

    /// <summary>Whether the peer is a trusted proxy.</summary>
    public bool IsByProxy { get; private init; }

    /// <summary>The port that the client connected to, as stated by the proxy; 0: the proxy stated none or is not trusted.</summary>
    public int Port { get; private init; }

    /// <summary>The decoded path that the proxy has removed, without a trailing slash; empty: none.</summary>
    public string Prefix { get; private init; } = "";

    /// <summary>Determines who sent a request.</summary>
    /// <param name="connection">The request's connection; null: unknown.</param>
    /// <param name="request">The request.</param>
    /// <param name="trusted">The networks of trusted proxies.</param>
    public static Requester From(IHttpConnectionFeature? connection, IHttpRequestFeature request, IReadOnlyList<IPNetwork> trusted)
    {
        var peer = Plain(connection?.RemoteIpAddress);
        if (trusted.Count == 0 || peer is null || !IsTrusted(peer, trusted))
            return new(peer, peer, connection?.RemotePort ?? 0, request.Scheme, null, null);

        var (client, hops) = (peer, 0);
        var chain = Values(request.Headers[ForwardedFor]);
        while (hops < chain.Length && IsTrusted(client, trusted) && Address(chain[^(hops + 1)]) is { } before)
        {
            client = before;
            hops++;
        }
        return new(
            peer, client, hops == 0 ? connection!.RemotePort : 0,
            SaidAt(request.Headers[ForwardedProto], hops) is { } scheme && (scheme is "http" or "https") ? scheme : request.Scheme,
            SaidAt(request.Headers[ForwardedHost], hops) is { Length: > 0 } host && IsHost(host) ? host : null,
            chain.Length > 0 ? string.Join(", ", chain) : null)
        {
            IsByProxy = true,
            Port = ushort.TryParse(
                SaidAt(request.Headers[ForwardedPort], hops), NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : 0,
            Prefix = SaidAt(request.Headers[MountPath], hops) is { } prefix && IsPath(prefix)
                ? Uri.UnescapeDataString(prefix).TrimEnd('/') : "",
        };
    }

    /// <summary>X-Forwarded-For for the next hop in the chain.</summary>
    public string? NextChain => Peer is null ? Chain : Chain is null ? Peer.ToString() : $"{Chain}, {Peer}";

    /// <summary>
    /// Whether a header describes the sender, and has to be ignored: nobody but a trusted proxy may say who sent a request.
    /// </summary>
    public bool Ignores(string name) => !IsByProxy && IsForwarded(name);

    /// <summary>
    /// Corrects the headers that describe the sender, once, before anything reads them. <c>X-Forwarded-*</c> headers are ignored unless a
    /// trusted proxy sent them; those of a trusted proxy stay (-User, -Port, -Client-Cert and any others), and get the front end's -For,
    /// -Proto and -Host. A request without a host, which HTTP/1.0 allows, gets the address that it arrived at, because daemons speak
    /// HTTP/1.1, which requires a host (RFC 9112, section 3.2).
    /// </summary>
    /// <param name="connection">The request's connection; null: unknown.</param>
    /// <param name="headers">The request's headers.</param>
    public void Correct(IHttpConnectionFeature? connection, IHeaderDictionary headers)
    {
        if (StringValues.IsNullOrEmpty(headers.Host)) headers.Host = Listening(connection);
        if (IsByProxy) SetForwarded(headers);
    }

    /// <summary>
    /// Puts the headers that describe the sender among those of the request, in place of the client's, for an application that reads them
    /// there. A request to a daemon gets them when it is written.
    /// </summary>
    public void Forward(IHeaderDictionary headers)
    {
        if (IsByProxy) return;
        RemoveForwarded(headers);
        SetForwarded(headers);
    }

    /// <summary>Writes the headers that describe the sender, unless <see cref="Correct"/> has put them among those of the request.</summary>
    /// <param name="head">The head of the request to a daemon.</param>
    /// <param name="host">The host that the client asked for.</param>
    public void Forward(RequestHead head, string host)
    {
        if (!IsByProxy) head.AddForwarded(NextChain, Scheme, host);
    }

    private void SetForwarded(IHeaderDictionary headers)
    {
        if (NextChain is { } chain) headers[ForwardedFor] = chain;
        headers[ForwardedProto] = Scheme;
        headers[ForwardedHost] = Host ?? headers.Host;
    }

    /// <summary>
    /// Shows a WSGI application the host that the client asked for, as if the client had asked here: the application builds its addresses
    /// from the Host header. An HTTP daemon reads X-Forwarded-Host in its own way.
    /// </summary>
    public void TellApplication(IHttpRequestFeature request)
    {
        if (Host is not null) request.Headers.Host = Host;
    }

    private static void RemoveForwarded(IHeaderDictionary headers)
    {
        List<string>? names = null;
        foreach (var (name, _) in headers)
        {
            if (IsForwarded(name)) (names ??= []).Add(name);
        }
        foreach (var name in names ?? []) headers.Remove(name);
    }

    /// <summary>Whether a field describes the sender of a request.</summary>
    /// <remarks>That of the standard (RFC 7239) and that of nginx tell an application the same as X-Forwarded-For.</remarks>
    public static bool IsForwarded(string name) =>
        name.StartsWith(ForwardedPrefix, StringComparison.OrdinalIgnoreCase) || name.Equals("Forwarded", StringComparison.OrdinalIgnoreCase)
        || name.Equals("X-Real-IP", StringComparison.OrdinalIgnoreCase);

    private static string Listening(IHttpConnectionFeature? connection) =>
        connection?.LocalIpAddress is { } address ? new IPEndPoint(Plain(address)!, connection.LocalPort).ToString() : "localhost";

    private static bool IsTrusted(IPAddress address, IReadOnlyList<IPNetwork> trusted)
    {
        foreach (var network in trusted)
        {
            if (network.Contains(address)) return true;
        }
        return false;
    }

    // Each proxy has appended a value or left the existing one, so the last values come from the trusted proxies.
    private static string? SaidAt(StringValues header, int hops)
    {
        var values = Values(header);
        return values.Length == 0 ? null : values[Math.Max(0, values.Length - Math.Max(1, hops))];
    }

    private static string[] Values(StringValues header) =>
        header.Count == 0 ? [] : header.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>
    /// Parses an address with an optional port; null for anything else ("unknown"), which ends the known part of the chain.
    /// </summary>
    private static IPAddress? Address(string text)
    {
        if (text is ['[', ..] && text.IndexOf(']') is > 0 and var end) text = text[1..end];
        else if (text.Count(':') == 1) text = text[..text.IndexOf(':')];
        return IPAddress.TryParse(text, out var address) ? Plain(address) : null;
    }

    private static IPAddress? Plain(IPAddress? address) => address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;

    // A path where an application may be mounted: printable, absolute, and without segments that climb up.
    private static bool IsPath(string text) =>
        text is ['/', not '/', ..] && text.Length <= LongestPrefix && text.All(c => c is > ' ' and < '\x7f' and not ('?' or '#' or '\\'))
            && !Uri.UnescapeDataString(text).Split('/').Contains("..");

    private static bool IsHost(string text) =>
        text.Length <= 255 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ':' or '[' or ']');
}
