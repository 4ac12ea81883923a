using System.Collections.Concurrent;
using System.Diagnostics;

namespace DaemonProxy.Daemons;

/// <summary>
/// Starts processes, all from one thread that lives as long as the front end. Linux ends a daemon with the front end (prctl,
/// PR_SET_PDEATHSIG) when the <em>thread</em> ends that started it; the thread pool's come and go.
/// </summary>
public sealed class DaemonLauncher : IDisposable
{
    private readonly BlockingCollection<Action> _starts = [];

    /// <summary>Starts the thread.</summary>
    public DaemonLauncher() => new Thread(Run) { IsBackground = true, Name = "daemon launcher" }.Start();

    /// <summary>Starts a process.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">It is not there or may not be run.</exception>
    public Task<Process> StartAsync(ProcessStartInfo start)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _starts.Add(() =>
        {
            try { started.SetResult(Process.Start(start)!); }
            catch (Exception failure) { started.SetException(failure); }
        });
        return started.Task;
    }

    private void Run()
    {
        foreach (var start in _starts.GetConsumingEnumerable()) start();
    }

    /// <summary>Ends the thread, and with it what of its processes is still there.</summary>
    public void Dispose() => _starts.CompleteAdding();
}
