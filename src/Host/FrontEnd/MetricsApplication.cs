using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>Serves <c>/metrics</c> in Prometheus's text format on <c>metrics-listen</c>, and nothing else.</summary>
internal sealed class MetricsApplication(PrometheusPage page) : IHttpApplication<HttpContext>
{
    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(HttpContext context)
    {
        // The series of thousands of routes take longer to write than the clients of a socket's thread should have to wait.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        if (context.Request.Path == "/metrics")
        {
            await AnswerAsync(context, page);
            return;
        }
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        await context.Response.WriteAsync("only /metrics is here\n");
    }

    public static async Task AnswerAsync(HttpContext context, PrometheusPage page)
    {
        using var text = await page.WriteAsync(context.RequestAborted);
        context.Response.ContentType = PrometheusPage.MediaType;
        context.Response.ContentLength = text.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(text.GetBuffer().AsMemory(0, (int)text.Length), context.RequestAborted);
    }
}
