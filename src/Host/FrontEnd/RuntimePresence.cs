using DaemonProxy.Control;
using DaemonProxy.Events;
using DaemonProxy.Host.Hosting;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// Sees to it that consoles find the front end as long as it serves: makes its folder and sockets again when they are removed.
/// </summary>
internal sealed class RuntimePresence : IAsyncDisposable
{
    // Two look-ups of a file; how long a console that is asked right after a logout may not find the front end.
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _end = new();
    private readonly InstanceDirectory _instance;
    private readonly EventLog _log;
    private readonly Func<CancellationToken, Task> _restore;
    private readonly Task _watching;

    /// <summary>Starts to look.</summary>
    /// <param name="instance">The front end's folder.</param>
    /// <param name="log">Where it says what it has done.</param>
    /// <param name="time">The clock.</param>
    /// <param name="restore">Makes the folder and its sockets again, and says so in the log.</param>
    public RuntimePresence(InstanceDirectory instance, EventLog log, TimeProvider time, Func<CancellationToken, Task> restore)
    {
        (_instance, _log, _restore) = (instance, log, restore);
        _watching = WatchAsync(time);
    }

    private async Task WatchAsync(TimeProvider time)
    {
        using var timer = new PeriodicTimer(BetweenLooks, time);
        string? complaint = null;
        try
        {
            while (await timer.WaitForNextTickAsync(_end.Token))
            {
                if (_instance.IsThere) continue;
                try
                {
                    await _restore(_end.Token);
                    complaint = null;
                }
                catch (Exception failure)
                    when (failure is ControlException or ServerStartException or IOException or UnauthorizedAccessException)
                {
                    // It is tried again; the log does not repeat itself.
                    if (failure.Message != complaint) _log.Write(EventCatalogue.RuntimeDirectoryLost, failure.Message);
                    complaint = failure.Message;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The front end ends.
        }
    }

    /// <summary>Stops to look.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _watching;
        _end.Dispose();
    }
}
