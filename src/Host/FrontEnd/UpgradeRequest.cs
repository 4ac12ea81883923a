using DaemonProxy.Daemons;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Requests;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// Decides whether a client's request to switch protocols is passed on to the daemon (RFC 9110, section 7.8). Traffic on an upgraded
/// connection passes no route and no log, so only the protocols that the route names are allowed. A request that names others is served as
/// if it had named none, which every server may do.
/// </summary>
internal static class UpgradeRequest
{
    /// <summary>The protocol that is passed on; null: none.</summary>
    /// <param name="exchange">The request. Only a GET over HTTP/1.1 without a body can be upgraded.</param>
    /// <param name="allowed"><c>upgrades</c> of its route.</param>
    public static string? Read(HttpExchange exchange, IReadOnlyList<string> allowed)
    {
        if (allowed.Count == 0 || exchange.Request.Headers.Upgrade is not { Count: > 0 } asked) return null;
        if (exchange.Find<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true }) return null;
        var request = exchange.Request;
        if (request.Method != "GET" || request.Protocol != "HTTP/1.1" || RequestHeaders.ReadFraming(exchange).HasBody) return null;
        foreach (var line in asked)
        {
            foreach (var range in line.AsSpan().Split(','))
            {
                var token = line.AsSpan(range).Trim();
                foreach (var protocol in allowed)
                {
                    if (token.Equals(protocol, StringComparison.OrdinalIgnoreCase)) return protocol;
                }
            }
        }
        return null;
    }

    /// <summary>Whether a 101 is a valid answer to the upgrade requested.</summary>
    public static bool IsAnswer(ResponseHead head, string? asked) =>
        asked is not null && asked.Equals(head.Upgrade?.Trim(), StringComparison.OrdinalIgnoreCase);
}
