using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DaemonProxy.Tests.Telemetry;

/// <summary>
/// An application that notes the trace headers of each request. It answers with the status in the path (<c>/a/503</c>), after the
/// milliseconds of <c>?wait=</c>.
/// </summary>
internal sealed class TracedDaemon : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly ConcurrentQueue<SeenRequest> _seen = [];

    private TracedDaemon(WebApplication server) => _server = server;

    public string Address => _server.Urls.Single();

    /// <summary>The requests so far.</summary>
    public IReadOnlyCollection<SeenRequest> Seen => _seen;

    public static async Task<TracedDaemon> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var daemon = new TracedDaemon(builder.Build());
        daemon._server.Run(daemon.AnswerAsync);
        await daemon._server.StartAsync();
        return daemon;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        // Not read by their names: several lines must show as several.
        var (parents, states) = (context.Request.Headers["traceparent"], context.Request.Headers["tracestate"]);
        _seen.Enqueue(new(context.Request.Path, [.. parents.Select(text => text!)], [.. states.Select(text => text!)]));
        if (int.TryParse(context.Request.Query["wait"], out var wait)) await Task.Delay(wait);
        context.Response.StatusCode = int.TryParse(context.Request.Path.Value!.Split('/')[^1], out var status) ? status : 200;
        await context.Response.WriteAsync("answer");
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();
}

/// <summary>The trace headers of a request, one line each.</summary>
internal sealed record SeenRequest(string Path, string[] Parents, string[] States);
