using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Embedded;
using DaemonProxy.Events;
using DaemonProxy.Filters;
using DaemonProxy.Host.Wsgi;
using DaemonProxy.Relay;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// The front end, as the server sees it: a request's way to its application, and its response's way back.
/// <code>
///   request -(1) route -(2) translate -(3) daemon exchange or embedded application -(4) head -(5) relay -> pacing -> core output -> client
/// </code>
/// Nothing here blocks: it runs on the threads that serve the sockets.
/// </summary>
internal sealed class ProxyApplication(ServedConfiguration served, EmbeddedMode embedded, EventLog log, TimeProvider time) : IHttpApplication<IFeatureCollection>
{
    private volatile ServedConfiguration _served = served;
    private long _requests;
    private long _active;

    /// <summary>The configuration by which requests are served; each goes by the one it began with.</summary>
    public ServedConfiguration Served
    {
        get => _served;
        set => _served = value;
    }

    /// <summary>Requests since the start.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Requests being served now.</summary>
    public long ActiveRequests => Interlocked.Read(ref _active);

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        Interlocked.Increment(ref _requests);
        Interlocked.Increment(ref _active);
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        Route? route = null;
        try
        {
            route = _served.Routes.Match(request.Path);                                                                             // (1)
            if (route is null) await ResponseTranslator.RefuseAsync(context, StatusCodes.Status404NotFound, "").ConfigureAwait(false);
            else if (route.Group is { } group) await ServeDaemonAsync(context, request, route, group).ConfigureAwait(false);
            else await ServeEmbeddedAsync(context, request, route).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted.IsCancellationRequested)
        {
            // A client that goes away is no error (behaviour.md, section 6).
        }
        catch (OperationCanceledException)
        {
            context.GetRequiredFeature<IHttpRequestLifetimeFeature>().Abort();
        }
        catch (BrokenResponseException broken)
        {
            await FailAsync(context, broken.Reason, broken.Message, request, route, broken.InnerException).ConfigureAwait(false);
        }
        catch (Exception defect)
        {
            await FailAsync(context, EventCatalogue.InternalError, defect.ToString(), request, route).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _active);
        }
    }

    private async ValueTask ServeDaemonAsync(IFeatureCollection context, IHttpRequestFeature request, Route route, DaemonGroup group)
    {
        var clientGone = context.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;
        var isWsgi = group.Options.Source == DaemonSource.Application;
        var translated = RequestTranslator.Translate(                                                                       // (2)
            context, route.Options.StripPrefix && !isWsgi ? route.Options.Path : null,
            isWsgi ? WsgiConnection.Of(context, route.Options.Path, time.GetUtcNow()) : null);
        using var head = translated.Head;
        var exchange = await group.SendAsync(translated, clientGone).ConfigureAwait(false);                                 // (3)
        try
        {
            if (exchange.Head.Status == StatusCodes.Status101SwitchingProtocols)
            {
                var response = context.GetRequiredFeature<IHttpResponseFeature>();
                ResponseTranslator.Translate(exchange.Head, request, response);
                response.Headers.Upgrade = exchange.Head.Upgrade;
                await UpgradeTunnel.RunAsync(exchange, context).ConfigureAwait(false);
                return;
            }
            await RelayAsync(context, request, route, exchange.Head, exchange.Connection, group.Relay, group.Options.SocketTimeout, group.ClientTimeout).ConfigureAwait(false);
        }
        catch (BrokenResponseException) when (exchange.ClientFailure is not null)
        {
            throw exchange.ClientFailure;
        }
        finally
        {
            await exchange.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask ServeEmbeddedAsync(IFeatureCollection context, IHttpRequestFeature request, Route route)
    {
        var application = await embedded.ApplicationAsync(route.Options.Application!).ConfigureAwait(false);
        var connection = WsgiConnection.Of(context, route.Options.Path, time.GetUtcNow());
        var target = RequestTarget.Of(request.RawTarget, request.Path, request.QueryString, prefix: null);                  // (2)
        var body = RequestTranslator.HasBody(context) ? context.GetRequiredFeature<IRequestBodyPipeFeature>().Reader : null;
        var exchange = new EmbeddedExchange(body, HttpMethods.IsHead(request.Method), log, time)
        {
            Environ = WsgiEnviron.Of(request, target, connection),
            RequestStart = connection.Start,
        };
        await using (exchange.ConfigureAwait(false))
        {
            application.Submit(exchange);                                                                                   // (3)
            var head = await exchange.Head.ConfigureAwait(false);
            // As in the original, an application in the front end may be silent as long as it likes: there is no daemon that could have hung.
            await RelayAsync(context, request, route, head, exchange.Body, embedded.Relay, Timeout.InfiniteTimeSpan, EmbeddedMode.ClientTimeout).ConfigureAwait(false);
        }
    }

    private async ValueTask RelayAsync(
        IFeatureCollection context, IHttpRequestFeature request, Route route, ResponseHead head, IResponseBody body, ResponseRelay relay, TimeSpan sourceTimeout, TimeSpan clientTimeout)
    {
        var clientGone = context.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;
        var chunked = ResponseTranslator.Translate(head, request, context.GetRequiredFeature<IHttpResponseFeature>());      // (4)
        using var output = new CoreOutput(context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer, chunked, clientTimeout, time);
        try
        {
            await relay.RunAsync(body, route.Chain(output, time), sourceTimeout, clientGone).ConfigureAwait(false);         // (5)
        }
        catch (BrokenResponseException) when (output.Bytes > 0)
        {
            // What came before the break is the client's; with it sent, there is no way back to a status, only to breaking off.
            await output.WriteAsync(default, Marker.Flush, clientGone).ConfigureAwait(false);
            throw;
        }
        AddTrailers(context, body.Trailers);
        await output.EndAsync(body.Trailers, clientGone).ConfigureAwait(false);
    }

    private static void AddTrailers(IFeatureCollection context, IReadOnlyList<KeyValuePair<string, string>> trailers)
    {
        // HTTP/2 alone has the feature; in HTTP/1.1 they went with the last chunk.
        if (trailers.Count == 0 || context.Get<IHttpResponseTrailersFeature>()?.Trailers is not { IsReadOnly: false } target) return;
        foreach (var (name, value) in trailers) target.Append(name, value);
    }

    /// <summary>Logs what went wrong, and tells the client: by a status while nothing has been sent, else by breaking off, never by an end that looks like one.</summary>
    private async ValueTask FailAsync(IFeatureCollection context, EventDefinition reason, string detail, IHttpRequestFeature request, Route? route, Exception? cause = null)
    {
        log.Write(reason, detail, ("method", request.Method), ("path", request.Path), ("route", route?.Options.Path), ("daemon", route?.Options.Daemon));
        if (context.GetRequiredFeature<IHttpResponseFeature>().HasStarted || reason.Status == 0)
        {
            context.GetRequiredFeature<IHttpRequestLifetimeFeature>().Abort();
            return;
        }
        // The server knows better than a general 400 what was wrong with a request's body: too long, too slow.
        var status = cause is BadHttpRequestException bad ? bad.StatusCode : reason.Status;
        try { await ResponseTranslator.RefuseAsync(context, status, reason.Code).ConfigureAwait(false); }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or ConnectionAbortedException)
        {
            // The client has left before it could be told.
        }
    }
}
