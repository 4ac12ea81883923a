using System.Net;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// Who sent a request: the one who is connected, or, where that one is a trusted proxy, the client it speaks for: the rightmost address of
/// X-Forwarded-For that is no trusted proxy's. What stands left of it, anybody can have written.
/// </summary>
/// <param name="Peer">Who is connected; null: it has no address.</param>
/// <param name="Client">Whose request it is; null: it has no address.</param>
/// <param name="ClientPort">The client's port; 0: not known.</param>
/// <param name="Scheme">What the client spoke: <c>http</c> or <c>https</c>.</param>
/// <param name="Host">The host that the client asked for, by the proxy's word; null: it said nothing of it, or its word does not count.</param>
/// <param name="Chain">X-Forwarded-For as a trusted proxy sent it; null: none did.</param>
internal sealed record Requester(IPAddress? Peer, IPAddress? Client, int ClientPort, string Scheme, string? Host, string? Chain)
{
    private const string ForwardedFor = "X-Forwarded-For";
    private const string ForwardedProto = "X-Forwarded-Proto";
    private const string ForwardedHost = "X-Forwarded-Host";

    /// <summary>Who sent a request.</summary>
    /// <param name="connection">Its connection; null: it has none that is known.</param>
    /// <param name="request">The request.</param>
    /// <param name="trusted">The networks of trusted proxies.</param>
    public static Requester Of(IHttpConnectionFeature? connection, IHttpRequestFeature request, IReadOnlyList<IPNetwork> trusted)
    {
        var peer = Plain(connection?.RemoteIpAddress);
        if (trusted.Count == 0 || peer is null || !IsTrusted(peer, trusted)) return new(peer, peer, connection?.RemotePort ?? 0, request.Scheme, null, null);

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
            chain.Length > 0 ? string.Join(", ", chain) : null);
    }

    /// <summary>X-Forwarded-For for the next in the chain.</summary>
    public string? NextChain => Peer is null ? Chain : Chain is null ? Peer.ToString() : $"{Chain}, {Peer}";

    /// <summary>
    /// Has a WSGI application see the host that the client asked for, as if it had been asked for here: what it makes addresses of is the Host header. An HTTP daemon
    /// has its own way to read X-Forwarded-Host.
    /// </summary>
    public void TellApplication(IHttpRequestFeature request)
    {
        if (Host is not null) request.Headers.Host = Host;
    }

    private static bool IsTrusted(IPAddress address, IReadOnlyList<IPNetwork> trusted)
    {
        foreach (var network in trusted)
        {
            if (network.Contains(address)) return true;
        }
        return false;
    }

    // Each proxy has added one at the end, or left the one that was there: so the last are those of the proxies that are trusted.
    private static string? SaidAt(StringValues header, int hops)
    {
        var values = Values(header);
        return values.Length == 0 ? null : values[Math.Max(0, values.Length - Math.Max(1, hops))];
    }

    private static string[] Values(StringValues header) =>
        header.Count == 0 ? [] : header.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>An address, maybe with a port behind it; null: something else ("unknown"), which ends what is known of the chain.</summary>
    private static IPAddress? Address(string text)
    {
        if (text is ['[', ..] && text.IndexOf(']') is > 0 and var end) text = text[1..end];
        else if (text.Count(':') == 1) text = text[..text.IndexOf(':')];
        return IPAddress.TryParse(text, out var address) ? Plain(address) : null;
    }

    private static IPAddress? Plain(IPAddress? address) => address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;

    private static bool IsHost(string text) => text.Length <= 255 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ':' or '[' or ']');
}
