using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.Sample;

/// <summary>Less common parts of HTTP: <c>/upgrade</c> to another protocol, <c>/trailers</c> after a body.</summary>
internal static class ProtocolEndpoints
{
    private const string EchoProtocol = "echo";
    private const string TrailerName = "X-Content-SHA256";
    private const string TrailerValue = "504a37a866510727ce06038f898af18d3fe13450c41d5bc5809ecacb9ff4cf22";

    public static IReadOnlyList<SampleEndpoint> All { get; } =
    [
        new("/upgrade", "upgrade", "With <code>Upgrade: echo</code>: switches protocols and gives every byte back until the end. Else 426.",
            [], UpgradeAsync),
        new("/trailers", "trailers", $"A chunked body, and after it a trailer, <code>{TrailerName}</code>.", [], TrailersAsync),
    ];

    private static async Task UpgradeAsync(SampleExchange exchange)
    {
        var http = exchange.Http;
        http.Response.Headers.Upgrade = EchoProtocol;
        var upgrade = http.Features.Get<IHttpUpgradeFeature>();
        if (upgrade is not { IsUpgradableRequest: true }
            || !string.Equals(http.Request.Headers.Upgrade, EchoProtocol, StringComparison.OrdinalIgnoreCase))
        {
            await exchange.SendLineAsync("This is for Upgrade: echo.", StatusCodes.Status426UpgradeRequired);
            return;
        }

        var stream = await upgrade.UpgradeAsync();
        await using (stream)
        {
            var buffer = new byte[16_384];
            int read;
            // Not tied to exchange.Aborted: a peer that closes its side must still receive the rest.
            while ((read = await stream.ReadAsync(buffer)) > 0)
                await stream.WriteAsync(buffer.AsMemory(0, read));
        }
    }

    private static async Task TrailersAsync(SampleExchange exchange)
    {
        var body = "The SHA-256 of this line follows in a trailer.\n"u8.ToArray();
        exchange.Begin("text/plain; charset=utf-8");
        exchange.Http.Response.Headers.Trailer = TrailerName;
        if (exchange.IsHead)
            return;

        // Kestrel sends trailers in HTTP/2 only. When the application sets the transfer coding, Kestrel leaves the framing to the
        // application (RFC 9112, 7.1).
        exchange.Http.Response.Headers.TransferEncoding = "chunked";
        var framed = Encoding.Latin1.GetBytes(
            $"{body.Length:x}\r\n{Encoding.Latin1.GetString(body)}\r\n0\r\n{TrailerName}: {TrailerValue}\r\n\r\n");
        await exchange.Output.WriteAsync(framed, exchange.Aborted);
    }
}
