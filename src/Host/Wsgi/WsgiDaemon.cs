using DaemonProxy.Configuration;
using DaemonProxy.Embedded;
using DaemonProxy.Events;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Requests;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.Wsgi;

/// <summary>A WSGI application as a daemon process: the same interpreter host as in embedded mode, behind a socket.</summary>
internal sealed class WsgiDaemon(WsgiApplication application, FrontEndLink link) : IHttpApplication<HttpExchange>
{
    /// <summary>
    /// Loads the application, serves until the end is requested, finishes the requests in flight, and shuts down the interpreter.
    /// </summary>
    /// <exception cref="PythonException">There is no usable Python, or the application could not be loaded.</exception>
    /// <exception cref="ServerStartException">The socket cannot be listened on.</exception>
    /// <param name="options">The options of its group, or those given by hand.</param>
    /// <param name="requireLoad">Whether to fail when the application cannot be loaded, instead of answering 500 until it can.</param>
    /// <param name="socket">The socket to serve on.</param>
    /// <param name="link">The link to the front end.</param>
    /// <param name="ready">Called once it serves.</param>
    public static async Task RunAsync(DaemonGroupOptions options, bool requireLoad, DaemonSocket socket, FrontEndLink link, Action ready)
    {
        var settings = new WsgiSettings
        {
            // Like the original, which also puts home on the module search path.
            PythonPath = options.Home is { } home ? [.. options.PythonPath, home] : options.PythonPath,
            ProcessGroup = options.Name,
            Processes = options.Processes,
            Threads = options.Threads,
            Addresses = () => [Path.GetDirectoryName(socket.Path)!],
            Log = (text, isError) => link.Events.Report(isError ? EventCatalogue.ApplicationError : EventCatalogue.ApplicationOutput, text),
        };
        var limits = new RequestLimits(options.RequestTimeout, options.InterruptTimeout, options.SlowRequestTimeout);
        var location = PythonFinder.Find(options.PythonHome);
        if (location.PassedOver is { } passedOver) link.Events.Report(EventCatalogue.PythonPassedOver, passedOver);
        var python = new PythonInterpreter(location, settings);
        // Part of shutdown-timeout is reserved for the exit handlers.
        var drain = options.ShutdownTimeout * 0.6;
        try
        {
            var application = python.Serve(options.Application!, options.Callable, options.Threads, requireLoad);
            using var requests = limits.Any
                ? new RequestWatch(python, application, limits, settings.Time,
                    (request, stack) => link.Events.Report(EventCatalogue.RequestStuck, stack, request.Method, request.Path),
                    (request, stack) => link.Events.Report(EventCatalogue.SlowRequest, stack, request.Method, request.Path))
                : null;
            using var deadlock = options.DeadlockTimeout > TimeSpan.Zero
                ? new DeadlockWatch(
                python, options.DeadlockTimeout, settings.Time, () => link.Events.Report(EventCatalogue.InterpreterDeadlock, ""))
                : null;
            await DaemonServer.RunAsync(socket, link.Lifeline, new WsgiDaemon(application, link), drain, ready);
        }
        finally
        {
            python.Stop(options.ShutdownTimeout * 0.3);
        }
    }

    public HttpExchange CreateContext(IFeatureCollection contextFeatures) => HttpExchange.From(contextFeatures);

    public void DisposeContext(HttpExchange context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(HttpExchange context)
    {
        var request = context.Request;
        // The front end's check that this worker serves. A client's OPTIONS * carries the header and goes to the application.
        if (request.RawTarget == "*" && !request.Headers.ContainsKey(WsgiConnection.Header)) return;
        if (WsgiConnection.WithoutSecret(request.Headers[WsgiConnection.Header].ToString(), link.Greeting?.Secret ?? "") is not { } header)
        {
            link.Events.Report(EventCatalogue.ForgedRequest, "", request.Method, request.Path);
            // Anything else on the connection does not come from the front end either.
            var response = context.Response;
            response.OnStarting(static response =>
            {
                ((IHttpResponseFeature)response).Headers.Connection = "close";
                return Task.CompletedTask;
            }, response);
            await Refusal.AnswerAsync(context, EventCatalogue.ForgedRequest.Status, EventCatalogue.ForgedRequest.Code);
            return;
        }
        var connection = WsgiConnection.Parse(header);
        var hasBody = RequestHeaders.ReadFraming(context).HasBody;
        var work = new WsgiDaemonRequest(context, link.Events)
        {
            Environ = WsgiEnviron.Create(request, request.RawTarget, hasBody, connection),
            RequestStart = connection.Start,
        };
        application.Submit(work);
        await work.Done;
        if (work.Failure is { } failure
            && !context.Lifetime.RequestAborted.IsCancellationRequested)
            await Refusal.AnswerAsync(context, failure.Status, failure.Code);
    }
}
