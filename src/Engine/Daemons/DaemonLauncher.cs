using System.Collections.Concurrent;
using System.Diagnostics;

namespace DaemonProxy.Daemons;

/// <summary>
/// Starts all processes from one thread that lives as long as the front end. On Linux a daemon ends with the front end (prctl,
/// PR_SET_PDEATHSIG), but the signal is sent when the <em>thread</em> that started it ends, and threads of the thread pool come and go.
/// </summary>
public sealed class DaemonLauncher : IDisposable
{
    private readonly BlockingCollection<Action> _starts = [];

    /// <summary>Starts the thread.</summary>
    public DaemonLauncher() => new Thread(Run) { IsBackground = true, Name = "daemon launcher" }.Start();

    /// <summary>Starts a process.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">The program does not exist or may not be run.</exception>
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

    /// <summary>Ends the thread, and with it whichever of its processes are still running.</summary>
    public void Dispose() => _starts.CompleteAdding();
}
