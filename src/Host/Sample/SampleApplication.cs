using System.Collections.Frozen;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.Sample;

/// <summary>
/// The built-in application. It produces responses of every shape and pace that a front end has to relay, so that everything works and can
/// be measured with nothing else installed.
/// </summary>
internal sealed class SampleApplication : IHttpApplication<HttpContext>, IDisposable
{
    private static readonly IReadOnlyList<SampleEndpoint> Endpoints =
    [
        .. PatternEndpoints.All, .. PaceEndpoints.All, .. RequestBodyEndpoints.All, .. FailureEndpoints.All, .. ProtocolEndpoints.All,
    ];

    private static readonly FrozenDictionary<string, SampleEndpoint> ByPath =
        Endpoints.Append(FrontPage.Create(Endpoints)).ToFrozenDictionary(e => e.Path);

    private readonly PreciseTimer _timer = new();

    /// <inheritdoc/>
    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    /// <inheritdoc/>
    public async Task ProcessRequestAsync(HttpContext context)
    {
        var exchange = new SampleExchange(context, _timer);
        try
        {
            if (Find(context.Request.Path.Value) is { } endpoint)
            {
                endpoint.CheckParameters(exchange);
                await endpoint.AnswerAsync(exchange);
            }
            else
            {
                await exchange.SendLineAsync("There is nothing here; / lists what there is.", StatusCodes.Status404NotFound);
            }
        }
        catch (ParameterException e)
        {
            await exchange.SendLineAsync(e.Message, StatusCodes.Status400BadRequest);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client is gone; nobody is left to tell.
        }
    }

    /// <inheritdoc/>
    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    /// <summary>Ends the timer. Must be called after the server has stopped.</summary>
    public void Dispose() => _timer.Dispose();

    private static SampleEndpoint? Find(string? path)
    {
        if (string.IsNullOrEmpty(path))
            path = "/";
        if (ByPath.TryGetValue(path, out var endpoint))
            return endpoint;
        var lastSlash = path.LastIndexOf('/');
        return lastSlash > 0 ? ByPath.GetValueOrDefault(path[..(lastSlash + 1)]) : null;
    }
}
