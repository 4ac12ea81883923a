namespace DaemonProxy.Host.Hosting;

/// <summary>What the service manager that has started this process is told, and what it asks for.</summary>
/// <param name="Ready">It serves; with one line for people.</param>
/// <param name="Stopping">It finishes what is in flight, and ends.</param>
/// <param name="StopRequested">Completes when the manager wants it to end otherwise than by a signal.</param>
internal sealed record ServiceManagerLink(Action<string> Ready, Action Stopping, Task StopRequested)
{
    /// <summary>Serves for nobody but the one who called it, or for a service manager.</summary>
    /// <param name="service">Whether it is for a service manager.</param>
    /// <param name="serve">Serves until it is told to end; returns the exit code.</param>
    public static Task<int> RunAsync(bool service, Func<ServiceManagerLink?, Task<int>> serve)
    {
        if (!service) return serve(null);
        if (OperatingSystem.IsWindows()) return Task.FromResult(WindowsService.Run(serve));
        var notification = ReadyNotification.Take();
        return serve(new ServiceManagerLink(notification.Ready, notification.Stopping, new TaskCompletionSource().Task));
    }
}
