using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using DaemonProxy.Configuration;
using DaemonProxy.Platform;
using Microsoft.AspNetCore.Hosting.Server;

namespace DaemonProxy.Host.Hosting;

/// <summary>A daemon process: serves an application on a Unix socket until it is told to end.</summary>
internal static class DaemonServer
{
    private static readonly TimeSpan ParentLook = TimeSpan.FromSeconds(1);

    /// <summary>Serves until SIGTERM, Ctrl+C or the end of <paramref name="lifeline"/>, then finishes the requests in flight.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="lifeline">
    /// A stream whose end means that the process which started this one is gone, so that a daemon never outlives its front end;
    /// null for a daemon on its own. With it, Ctrl+C is left to the front end, which a terminal tells at the same time and which
    /// still needs its daemons for the responses in flight.
    /// </param>
    /// <param name="application">Answers the requests.</param>
    /// <param name="drainTimeout">The time that requests in flight have at the end.</param>
    /// <param name="ready">Called once it serves.</param>
    /// <exception cref="ServerStartException">The socket cannot be listened on.</exception>
    public static async Task RunAsync<TContext>(
        DaemonSocket socket, Stream? lifeline, IHttpApplication<TContext> application, TimeSpan drainTimeout, Action ready)
        where TContext : notnull
    {
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => EndOrderly(signal, stop));
        using var interrupt = PosixSignalRegistration.Create(
            PosixSignal.SIGINT, signal => EndOrderly(signal, lifeline is null ? stop : null));

        var server = await HttpServer.StartAsync(OptionsOf(socket), application, CancellationToken.None);
        await using (server)
        {
            if (lifeline is not null)
                Watch(lifeline, stop);
            ready();
            await stop.Task;

            using var timeout = new CancellationTokenSource(drainTimeout);
            await server.StopAsync(timeout.Token);
        }
    }

    /// <summary>The options of a daemon's server, which relies on its front end to handle slow clients and long bodies.</summary>
    public static HttpServerOptions OptionsOf(DaemonSocket socket) => new()
    {
        UnixSocket = socket.Path,
        Open = socket.TakeOpen() is { } open ? [open] : null,
        MaxRequestBodySize = null,
        Limits = static limits =>
        {
            limits.MinRequestBodyDataRate = null;
            limits.MinResponseDataRate = null;
            // The front end adds to the head that it accepted from a client, so the daemon must allow more.
            limits.MaxRequestHeadersTotalSize = ClientLimits.LargestHead * 2;
            limits.MaxRequestHeaderCount = ClientLimits.MostFields * 2;
            limits.MaxRequestLineSize = ClientLimits.LargestLine * 2;
            // The front end closes idle connections. If the daemon closed them first, a request could arrive at a connection that is being
            // closed.
            limits.KeepAliveTimeout = TimeSpan.FromHours(1);
        },
    };

    private static void EndOrderly(PosixSignalContext signal, TaskCompletionSource? stop)
    {
        signal.Cancel = true;
        stop?.TrySetResult();
    }

    [UnsupportedOSPlatform("windows")]
    private static async Task WatchParentAsync(TaskCompletionSource stop)
    {
        var parent = SystemCalls.ParentProcess();
        using var look = new PeriodicTimer(ParentLook);
        while (await look.WaitForNextTickAsync() && !stop.Task.IsCompleted)
        {
            if (SystemCalls.ParentProcess() != parent) stop.TrySetResult();
        }
    }

    private static void Watch(Stream lifeline, TaskCompletionSource stop)
    {
        // A child forked by an application in the front end may also hold the other end of the lifeline.
        if (!OperatingSystem.IsWindows()) _ = WatchParentAsync(stop);
        // Reading a console or a pipe blocks, even with asynchronous methods, so it has a thread of its own.
        var thread = new Thread(() =>
        {
            var buffer = new byte[256];
            try
            {
                while (lifeline.Read(buffer) > 0)
                {
                }
            }
            catch (IOException)
            {
                // A broken pipe also counts as the end.
            }

            stop.TrySetResult();
        })
        { IsBackground = true, Name = "lifeline" };
        thread.Start();
    }
}
