namespace DaemonProxy.Host.Hosting;

/// <summary>Notifications to, and requests from, the service manager that started this process.</summary>
/// <param name="Ready">Reports that the process serves, with one line for people.</param>
/// <param name="Stopping">Reports that the process finishes the requests in flight and ends.</param>
/// <param name="StopRequested">Completes when the manager requests a stop by other means than a signal.</param>
internal sealed record ServiceManagerLink(Action<string> Ready, Action Stopping, Task StopRequested)
{
    /// <summary>
    /// Tells the manager that another process is the service's main one, and completes when it knows; null: this manager cannot be told.
    /// </summary>
    public Func<int, Task>? Announce { get; init; }

    /// <summary>The environment variables by which the manager is found, which have been removed.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>Serves either for the caller alone or under a service manager.</summary>
    /// <param name="service">Whether to serve under a service manager.</param>
    /// <param name="serve">Serves until it is told to end; returns the exit code.</param>
    public static Task<int> RunAsync(bool service, Func<ServiceManagerLink?, Task<int>> serve)
    {
        if (!service) return serve(null);
        if (OperatingSystem.IsWindows()) return Task.FromResult(WindowsService.Run(serve));
        var notification = ReadyNotification.Take();
        return serve(new ServiceManagerLink(notification.Ready, notification.Stopping, new TaskCompletionSource().Task)
        {
            Announce = notification.Variables.Count > 0 ? notification.MainAsync : null,
            Variables = notification.Variables,
        });
    }
}
