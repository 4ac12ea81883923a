// What .NET gives for free, to compare with: Kestrel, minimal hosting and HttpClient, written as one would on a first afternoon.
//     plain-forwarder PORT SOCKET
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http.Features;

var port = int.Parse(args[0]);
var endPoint = new UnixDomainSocketEndPoint(args[1]);
var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(options =>
{
    options.Limits.MaxRequestBodySize = null;
    options.Listen(IPAddress.Loopback, port);
});
await using var application = builder.Build();

using var client = new HttpMessageInvoker(new SocketsHttpHandler
{
    UseProxy = false,
    UseCookies = false,
    AllowAutoRedirect = false,
    AutomaticDecompression = DecompressionMethods.None,
    ConnectCallback = async (_, cancellationToken) =>
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(endPoint, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    },
});

application.Run(async context =>
{
    var incoming = context.Request;
    using var request = new HttpRequestMessage(new HttpMethod(incoming.Method), $"http://upstream{incoming.Path}{incoming.QueryString}");
    if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true) request.Content = new StreamContent(incoming.Body);
    foreach (var (name, values) in incoming.Headers)
    {
        if (IsHopByHop(name)) continue;
        if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
    }

    using var response = await client.SendAsync(request, context.RequestAborted);
    context.Response.StatusCode = (int)response.StatusCode;
    foreach (var (name, values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
    {
        if (!IsHopByHop(name)) context.Response.Headers[name] = values.ToArray();
    }
    await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
});
await application.RunAsync();

static bool IsHopByHop(string name) =>
    name.ToLowerInvariant() is "connection" or "keep-alive" or "transfer-encoding" or "upgrade" or "te" or "trailer" or "proxy-connection";
