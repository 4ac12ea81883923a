using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using DaemonProxy.Configuration;
using DaemonProxy.Platform;
using Microsoft.AspNetCore.Hosting.Server;

namespace DaemonProxy.Host.Hosting;

/// <summary>A daemon process: serves an application on a Unix socket until it is told to end.</summary>
internal static partial class DaemonServer
{
    private static readonly TimeSpan ParentLook = TimeSpan.FromSeconds(1);

    /// <summary>Serves until SIGTERM, Ctrl+C, or the end of <paramref name="lifeline"/>; then finishes what is in flight.</summary>
    /// <param name="socket">Full path of the socket.</param>
    /// <param name="lifeline">
    /// A stream whose end means that the process which started this one is gone, so that a daemon never outlives its front end;
    /// null for a daemon on its own. With it, Ctrl+C is left to the front end, which a terminal tells at the same time and which
    /// still needs its daemons for the responses in flight.
    /// </param>
    /// <param name="application">What answers.</param>
    /// <param name="drainTimeout">How long requests in flight have at the end.</param>
    /// <param name="ready">Called when it serves.</param>
    /// <exception cref="ServerStartException">The socket cannot be listened on.</exception>
    public static async Task RunAsync<TContext>(
        string socket, Stream? lifeline, IHttpApplication<TContext> application, TimeSpan drainTimeout, Action ready)
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

    /// <summary>How a daemon listens: it trusts its front end to have dealt with slow clients and long bodies.</summary>
    public static HttpServerOptions OptionsOf(string socket) => new()
    {
        UnixSocket = socket,
        MaxRequestBodySize = null,
        Limits = static limits =>
        {
            limits.MinRequestBodyDataRate = null;
            limits.MinResponseDataRate = null;
            // What the front end took from a client is more by what the front end adds.
            limits.MaxRequestHeadersTotalSize = ClientLimits.LargestHead * 2;
            limits.MaxRequestHeaderCount = ClientLimits.MostFields * 2;
            limits.MaxRequestLineSize = ClientLimits.LargestLine * 2;
            // The front end closes idle connections; if the daemon did so first, a request could meet the closing.
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
        // A child that an application has forked in the front end may hold the lifeline's other end as well.
        if (!OperatingSystem.IsWindows()) _ = WatchParentAsync(stop);
        // Reading a console or a pipe blocks, whatever the method is called, so it has a thread of its own.
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
                // A broken pipe is an end, too.
            }

            stop.TrySetResult();
        })
        { IsBackground = true, Name = "lifeline" };
        thread.Start();
    }
}
