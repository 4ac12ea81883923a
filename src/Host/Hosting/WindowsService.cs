using System.Runtime.Versioning;
using System.ServiceProcess;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// A process started by the service manager of Windows: it reports that it has started once it serves, and that it has ended once the
/// requests in flight are finished.
/// </summary>
/// <param name="serve">
/// Runs until <see cref="ServiceManagerLink.StopRequested"/> completes or until it ends by itself; returns the exit code.
/// </param>
[SupportedOSPlatform("windows")]
internal sealed class WindowsService(Func<ServiceManagerLink, Task<int>> serve) : ServiceBase
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task<int>? _serving;

    /// <summary>Runs under the service manager.</summary>
    /// <param name="serve">Runs until it is asked to stop or ends by itself; returns the exit code.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="ServerStartException">The service manager did not start this process.</exception>
    public static int Run(Func<ServiceManagerLink, Task<int>> serve)
    {
        // A front end writes its events to its own log.
        using var service = new WindowsService(serve) { AutoLog = false, CanShutdown = true };
        try { Run(service); }
        catch (ServerStartException) { return service.ExitCode; }
        if (service._serving is null)
            throw new ServerStartException(
                "--service on Windows is for the service manager; register it with Register-DaemonProxyService, or leave --service out");
        return service.ExitCode;
    }

    /// <inheritdoc/>
    protected override void OnStart(string[] args)
    {
        RequestAdditionalTime(StartLimit);
        _serving = Task.Run(() => serve(new ServiceManagerLink(_ => _ready.TrySetResult(), () => { }, _stop.Task)));
        if (Task.WaitAny(_ready.Task, _serving) == 1)
        {
            ExitCode = _serving.GetAwaiter().GetResult();
            throw new ServerStartException("the front end has ended before it served");
        }
        // When asked to stop on its control socket, it ends by itself.
        _serving.ContinueWith(_ => { if (_stop.TrySetResult()) Stop(); }, TaskScheduler.Default);
    }

    /// <inheritdoc/>
    protected override void OnStop()
    {
        RequestAdditionalTime(StopLimit);
        End();
    }

    /// <inheritdoc/>
    protected override void OnShutdown() => End();

    private void End()
    {
        _stop.TrySetResult();
        // The manager restarts the process when it ends with a code other than 0.
        ExitCode = _serving!.GetAwaiter().GetResult();
    }
}
