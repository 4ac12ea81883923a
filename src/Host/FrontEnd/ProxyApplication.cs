using System.IO.Pipelines;
using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Embedded;
using DaemonProxy.Events;
using DaemonProxy.Filters;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Requests;
using DaemonProxy.Host.Wsgi;
using DaemonProxy.Relay;
using DaemonProxy.Statistics;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// The front end as the server sees it: the path of a request to its application and of the response back.
/// <code>
///   request -(1) route -(2) translate -(3) daemon exchange or embedded application -(4) head -(5) relay -> pacing -> core output -> client
/// </code>
/// Nothing here blocks: it runs on the threads that serve the sockets.
/// </summary>
/// <param name="served">The configuration that is served first.</param>
/// <param name="embedded">Embedded mode.</param>
/// <param name="services">The log, the counts, the clock.</param>
/// <param name="meter">Records each request.</param>
internal sealed class ProxyApplication(ServedConfiguration served, EmbeddedMode embedded, FrontEndServices services, FrontEndMeter meter)
    : IHttpApplication<ClientExchange>
{
    private readonly EventLog _log = services.Log;
    private readonly TimeProvider _time = services.Time;
    private readonly TrafficScope _unrouted = new(services.Statistics.Total);
    private volatile ServedConfiguration _served = served;
    private volatile bool _isReplaced;
    private long _requests;
    private long _active;

    /// <summary>The configuration for new requests; each request keeps the one that it began with.</summary>
    public ServedConfiguration Served
    {
        get => _served;
        set => _served = value;
    }

    /// <summary>Whether another process serves in this one's place: every answer asks its client to close the connection.</summary>
    public bool IsReplaced
    {
        get => _isReplaced;
        set => _isReplaced = value;
    }

    /// <summary>Receives a line for each request; null: no access log. Set it before the first request.</summary>
    public AccessLog? AccessLog { get; set; }

    /// <summary>Makes spans of the requests; null: tracing is off. Set it before the first request.</summary>
    public RequestTracing? Tracing { get; set; }

    /// <summary>Requests since the start.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>The individual requests being served now.</summary>
    public ActiveRequests Active { get; } = new();

    /// <summary>The number of requests being served now.</summary>
    public long ActiveRequests => Interlocked.Read(ref _active);

    public ClientExchange CreateContext(IFeatureCollection contextFeatures)
    {
        var exchange = ClientExchange.From(contextFeatures);
        exchange.Rest?.IsServing = true;
        return exchange;
    }

    public void DisposeContext(ClientExchange context, Exception? exception) => context.Rest?.IsServing = false;

    public async Task ProcessRequestAsync(ClientExchange context)
    {
        Interlocked.Increment(ref _active);
        var request = context.Request;
        var record = new RequestRecord(Interlocked.Increment(ref _requests), request, _time.GetTimestamp());
        Active.Enter(record);
        try
        {
            var served = _served;
            if (_isReplaced) context.Find<IConnectionLifetimeNotificationFeature>()?.RequestClose();
            record.Requester = context.RequesterOf(served.Configuration.TrustedProxies);
            record.Requester.Correct(context.Connection, request.Headers);
            Tracing?.Begin(request, record);
            RefusedRequest.Check(context, record.Requester);
            record.Target = context.TargetBy(served.Configuration.EncodedSlashes);
            // From here on this is the only path in use: for routes, conditions, events and daemons.
            request.Path = record.Target.Path.Decoded;
            record.Route = served.Routes.Match(record.Target.Path);                                                            // (1)
            if (record.Route is not { } route) await RefuseAsync(context, record, StatusCodes.Status404NotFound, "");
            else if (route.Group is not { } group) await ServeEmbeddedAsync(context, route, record);
            else if (RequestHeaders.ReadFraming(context).HasBody) await ServeWithBodyAsync(context, route, group, record);
            // Here, because each method that waits for the daemon costs a request some thousand instructions.
            else await AnswerAsync(context, route, group, record, await SendAsync(context, route, group, record, body: null));
        }
        catch (OperationCanceledException)
            when (context.Lifetime.RequestAborted.IsCancellationRequested)
        {
            // A client that disconnects is not an error (behaviour.md, section 6).
        }
        catch (OperationCanceledException)
        {
            await BreakOffAsync(context, record);
        }
        catch (BrokenResponseException broken)
        {
            await FailAsync(context, broken.Reason, broken.Message, record, broken.InnerException);
        }
        catch (Exception defect)
        {
            await FailAsync(context, EventCatalogue.InternalError, defect.ToString(), record);
        }
        finally
        {
            // The server may still hold part of the body of a client that has left, and would read it as the next requests.
            if (context.Lifetime.RequestAborted.IsCancellationRequested) EndConnection(context);
            Active.Leave(record);
            Finish(context, record);
            record.Output?.Dispose();
            record.Sent?.Head.Dispose();
            Interlocked.Decrement(ref _active);
        }
    }

    private void Finish(HttpExchange context, RequestRecord record)
    {
        var finished = record.Finish(_time.GetElapsedTime(record.Start));
        (record.Route?.Traffic ?? _unrouted).Count(finished);
        meter.Record(context.Request.Method, record, finished);
        if (record.Span is not null) Tracing!.End(context.Request, record, finished);
        AccessLog?.Write(context.Request, record, finished);
    }

    private async ValueTask ServeWithBodyAsync(ClientExchange context, Route route, DaemonGroup group, RequestRecord record)
    {
        using var timed = BodyOf(context)!;
        using var paced = Pace(context, route, record, timed);
        var body = (PipeReader?)paced ?? timed;
        if (group.Options.RequestSpool == 0)
        {
            // Only its length is looked at on its way. Until it is read, what arrives tells whether the client is still there.
            if (paced?.PassesUnread != false && RequestHeaders.ReadFraming(context).Length is { } length
                && context.Find<IUnreadBody>() is { } unread)
                timed.Begins = () => unread.MayStayUnread(length);
            await AnswerAsync(context, route, group, record, await SendAsync(context, route, group, record, body));
            return;
        }
        var taken = new SpooledRequest(body, group.Options.RequestSpool, PlaceOfSpool(), _time, SpoolFailed);
        await using (taken)
        {
            try { await taken.TakeInAsync(context.Lifetime.RequestAborted); }
            catch (IOException failure)
            {
                throw BodyTimeoutException.Broken(failure);
            }
            await AnswerAsync(context, route, group, record, await SendAsync(context, route, group, record, taken));
        }
    }

    private ValueTask<DaemonExchange> SendAsync(
        ClientExchange context, Route route, DaemonGroup group, RequestRecord record, PipeReader? body)
    {
        var isWsgi = group.Options.Source == DaemonSource.Application;
        var requester = record.Requester!;
        if (isWsgi) requester.TellApplication(context.Request);
        var upgrade = UpgradeRequest.Read(context, route.Options.Upgrades);
        var translated = RequestTranslator.Translate(                                                                       // (2)
            context, requester, route.TargetOf(record.Target), upgrade,
            isWsgi ? WsgiConnection.From(context, requester, route.Options.ScriptName ?? route.Options.Path, _time.GetUtcNow())
                with
            { Secret = group.Secret } : null, body);
        translated.IsHealthCheck = group.IsHealthCheck(context.Request.Path);
        record.Sent = translated;
        return group.SendAsync(translated, context.Lifetime.RequestAborted);                                                // (3)
    }

    private async ValueTask AnswerAsync(
        ClientExchange context, Route route, DaemonGroup group, RequestRecord record, DaemonExchange exchange)
    {
        if (record.Span is not null) record.Answered = _time.GetTimestamp();
        SpooledBody? spooled = null;
        try
        {
            if (exchange.Head.Status == StatusCodes.Status101SwitchingProtocols)
            {
                var upgrade = UpgradeRequest.Read(context, route.Options.Upgrades);
                if (!UpgradeRequest.IsAnswer(exchange.Head, upgrade))
                    throw new BrokenResponseException(
                        EventCatalogue.UnaskedUpgrade, upgrade is null ? "no upgrade was asked for" : $"'{upgrade}' was asked for");
                await TunnelAsync(context, route, record, exchange);
                return;
            }
            if (group.Options.ResponseSpool > 0 && exchange.Head.Framing != BodyFraming.None)
            {
                var size = new SpoolSize(group.Policy.Current.BufferSize, group.Options.ResponseSpool, PlaceOfSpool());
                spooled = new SpooledBody(
                    exchange.Connection, size, group.Options.SocketTimeout, _time, exchange.DisposeAsync, SpoolFailed);
            }
            await RelayAsync(
                context, route, record, exchange.Head, (IResponseBody?)spooled ?? exchange.Connection, group.Relay,
                spooled is null ? group.Options.SocketTimeout : Timeout.InfiniteTimeSpan, group.ClientTimeout,
                context.Lifetime.RequestAborted);
        }
        // Whatever the closed connection looked like from here, the client is the cause.
        catch (Exception failure) when (failure is not OperationCanceledException && exchange.ClientFailure is not null)
        {
            throw exchange.ClientFailure;
        }
        finally
        {
            if (spooled is not null) await spooled.DisposeAsync();
            await exchange.DisposeAsync();
        }
    }

    private SpoolPlace PlaceOfSpool() => new(_served.Configuration.SpoolDirectory, services.Budget);

    private void SpoolFailed(Exception failure) => _log.Write(EventCatalogue.SpoolFailed, failure.Message);

    private async ValueTask TunnelAsync(
        HttpExchange context, Route route, RequestRecord record, DaemonExchange exchange)
    {
        var response = context.Response;
        ResponseTranslator.Translate(exchange.Head, context.Request, response);
        response.Headers.Upgrade = exchange.Head.Upgrade;
        record.Status = exchange.Head.Status;
        var client = await context.Find<IHttpUpgradeFeature>()!.UpgradeAsync();
        var (daemon, received) = exchange.Connection.TakeOver();
        await using var closing = daemon;
        var tunnel = new UpgradeTunnel(client, daemon, route.Options.UpgradeTimeout, _time);
        record.Tunnel = tunnel;
        var facts = new BodyFacts(context.Request.Method, context.Request.Path, null, null);
        var key = new ClientKey(record.Requester?.Client);
        var asked = ResponseWishes.From(exchange.Head).Rate;
        try
        {
            await tunnel.RunAsync(
                received, output =>
                    (IOutputFilter?)route.Chain(facts, key, asked, output, _time) ?? output, exchange.Connection.EndRequest);
        }
        finally
        {
            record.Bytes = tunnel.BytesDown;
            if (tunnel.WasIdle)
                _log.Write(EventCatalogue.UpgradeIdle, $"{Units.FormatDuration(route.Options.UpgradeTimeout)} without a byte",
                    ("path", context.Request.Path), ("route", route.Options.Path), ("daemon", route.Options.Daemon));
        }
    }

    private async ValueTask ServeEmbeddedAsync(HttpExchange context, Route route, RequestRecord record)
    {
        var application = await embedded.ApplicationAsync(route.Options.Application!);
        record.Requester!.Forward(context.Request.Headers);
        record.Requester.TellApplication(context.Request);
        var connection = WsgiConnection.From(context, record.Requester, route.Options.ScriptName ?? route.Options.Path, _time.GetUtcNow());
        using var timed = BodyOf(context);
        using var paced = timed is null ? null : Pace(context, route, record, timed);
        var body = (PipeReader?)paced ?? timed;
        var exchange = new EmbeddedExchange(body, HttpMethods.IsHead(context.Request.Method), _log, _time)
        {
            Environ = WsgiEnviron.Create(context.Request, route.TargetOf(record.Target), body is not null, connection),
            // (2)
            RequestStart = connection.Start,
        };
        await using (exchange)
        {
            application.Submit(exchange);                                                                                   // (3)
            var head = await exchange.Head;
            if (record.Span is not null) record.Answered = _time.GetTimestamp();
            // As in the original, an application in the front end may stay silent for any length of time: there is no daemon that could
            // have hung.
            await RelayAsync(
                context, route, record, head, exchange.Body, embedded.Relay, Timeout.InfiniteTimeSpan, EmbeddedMode.ClientTimeout,
                context.Lifetime.RequestAborted);
        }
    }

    /// <summary>The request's body; the wait for each piece is limited by client-body-timeout. Null: the request has no body.</summary>
    /// <remarks>
    /// A body that breaks off ends its HTTP/1 connection, because the server would read the received part as the client's next requests. In
    /// HTTP/2 only the stream is affected.
    /// </remarks>
    private TimedBodyReader? BodyOf(HttpExchange context) =>
        RequestHeaders.ReadFraming(context).HasBody
            ? new(context.Find<IRequestBodyPipeFeature>()!.Reader, _served.Configuration.ClientLimits.ClientBodyTimeout, _time,
            () => EndConnection(context)) : null;

    /// <summary>Puts the limits of uploads on top of a request's body; null: none applies.</summary>
    private static PacedBodyReader? Pace(HttpExchange context, Route route, RequestRecord record, PipeReader body)
    {
        var request = context.Request;
        var facts = new BodyFacts(request.Method, request.Path, request.Headers.ContentType, request.Headers.ContentLength);
        var clientGone = context.Lifetime.RequestAborted;
        return route.Pace(facts, new ClientKey(record.Requester?.Client), body, clientGone);
    }

    private static void EndConnection(HttpExchange context)
    {
        if (context.Request.Protocol.StartsWith("HTTP/1.", StringComparison.Ordinal))
            context.Find<IConnectionLifetimeNotificationFeature>()?.RequestClose();
    }

    private async ValueTask RelayAsync(
        HttpExchange context, Route route, RequestRecord record, ResponseHead head, IResponseBody body, ResponseRelay relay,
        TimeSpan sourceTimeout, TimeSpan clientTimeout, CancellationToken clientGone)
    {
        var chunked = ResponseTranslator.Translate(head, context.Request, context.Response);                          // (4)
        record.Status = head.Status;
        if (head.Status == StatusCodes.Status205ResetContent) return;
        var output = record.Output = new CoreOutput(new ResponseClient(context, chunked), clientTimeout, _time);
        var wishes = ResponseWishes.From(head);
        BodyBlock? first = null;
        // A limit that is set from now on does not find a response that leaves in whole.
        if (wishes.Rate == 0 && !route.HasRate && relay.TryReadWhole(body, out first))
        {
            await ResponseRelay.EndAsync(first.Value, body, output, route.Traffic, clientGone);
            return;
        }
        var facts = new BodyFacts(context.Request.Method, context.Request.Path, wishes.ContentType, head.ContentLength);
        using var paced = route.Chain(facts, new ClientKey(record.Requester?.Client), wishes.Rate, output, _time);
        await relay.RunAsync(
            body, (IOutputFilter?)paced ?? output, route.Traffic, wishes.Prompt, sourceTimeout, clientGone, first);     // (5)
    }

    /// <summary>
    /// Logs the failure and tells the client: with a status if nothing has been sent yet, otherwise by aborting the response, never by an
    /// end that looks regular.
    /// </summary>
    private async ValueTask FailAsync(
        HttpExchange context, EventDefinition reason, string detail, RequestRecord record, Exception? cause = null)
    {
        record.Failure = reason.Code;
        var route = record.Route?.Options;
        _log.Write(
            reason, detail, ("method", record.Method), ("path", record.Path), ("route", route?.Path), ("daemon", route?.Daemon));
        if (context.Response.HasStarted || reason.Status == 0)
        {
            await BreakOffAsync(context, record);
            return;
        }
        // The server has a more exact status than a general 400 for a faulty request body: too long, too slow.
        var status = cause is BadHttpRequestException bad ? bad.StatusCode : reason.Status;
        try { await RefuseAsync(context, record, status, reason.Code, RefusedRequest.LosesFraming(reason)); }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or ConnectionAbortedException)
        {
            // The client left before it could be told.
        }
    }

    private static ValueTask BreakOffAsync(HttpExchange context, RequestRecord record)
    {
        var lifetime = context.Lifetime;
        if (record.Output is { } output) return output.BreakOffAsync(lifetime.RequestAborted);
        lifetime.Abort();
        return ValueTask.CompletedTask;
    }

    private async ValueTask RefuseAsync(HttpExchange context, RequestRecord record, int status, string code, bool closes = false)
    {
        record.Status = status;
        var refusal = Refusal.AnswerAsync(context, status, code, closes);
        try
        {
            record.Bytes = await (refusal.IsCompleted ? refusal : refusal.WaitAsync(EmbeddedMode.ClientTimeout, _time));
        }
        catch (TimeoutException)
        {
            // A client that keeps sending requests and never reads a response.
            context.Lifetime.Abort();
        }
    }
}
