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

    public Task ProcessRequestAsync(HttpContext context)
    {
        if (context.Request.Path == "/metrics") return AnswerAsync(context, page);
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return context.Response.WriteAsync("only /metrics is here\n");
    }

    public static async Task AnswerAsync(HttpContext context, PrometheusPage page)
    {
        using var text = new MemoryStream();
        await page.WriteAsync(text, context.RequestAborted);
        context.Response.ContentType = PrometheusPage.MediaType;
        context.Response.ContentLength = text.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(text.GetBuffer().AsMemory(0, (int)text.Length), context.RequestAborted);
    }
}
