using System.Runtime.InteropServices;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Host.FrontEnd;
using DaemonProxy.Host.Hosting;

namespace DaemonProxy.Host.CommandLine;

/// <summary>
/// A front end's reactions to the signals that operators and their tools send, as in Apache, nginx and gunicorn: TERM, INT and QUIT finish
/// the requests in flight and end, HUP reads the configuration again, USR1 reopens the logs, USR2 has a new process take over.
/// </summary>
internal sealed class ServeSignals : IDisposable
{
    // The runtime has no names for these signals, but accepts the system's numbers.
    private static readonly PosixSignal User1 = (PosixSignal)(OperatingSystem.IsMacOS() ? 30 : 10);

    private static readonly PosixSignal User2 = (PosixSignal)(OperatingSystem.IsMacOS() ? 31 : 12);

    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Func<bool> _stop;

    /// <summary>Starts to listen for signals.</summary>
    /// <param name="stop">Makes the front end end; false when this was requested before.</param>
    public ServeSignals(Func<bool> stop)
    {
        _stop = stop;
        Register(PosixSignal.SIGTERM, _ => _stop());
        Register(PosixSignal.SIGINT, _ => _stop());
        Register(PosixSignal.SIGQUIT, _ => _stop());
        if (OperatingSystem.IsWindows()) return;
        Register(PosixSignal.SIGHUP, HangUp);
        Register(User1, ReopenLogs);
        Register(User2, Update);
    }

    /// <summary>The running front end; null during the start, when there is nothing to reload.</summary>
    public FrontEndServer? FrontEnd { get; set; }

    /// <param name="signal">The signal.</param>
    /// <param name="handle">
    /// Handles the signal and returns whether it did; if not, as with the second request to end from somebody who does not want to wait,
    /// the system's default action follows.
    /// </param>
    private void Register(PosixSignal signal, Func<FrontEndServer?, bool> handle) =>
        _registrations.Add(PosixSignalRegistration.Create(signal, context => context.Cancel = handle(FrontEnd)));

    private bool HangUp(FrontEndServer? frontEnd)
    {
        // The system also sends this signal when the terminal in which a front end runs is closed.
        if (!Console.IsInputRedirected && !IsTerminalThere()) return _stop();
        if (frontEnd is not null) _ = ReloadAsync(frontEnd);
        return true;
    }

    private static async Task ReloadAsync(FrontEndServer frontEnd)
    {
        try { await frontEnd.RestartAsync(within: null, CancellationToken.None); }
        catch (ConfigurationException mistakes) { frontEnd.Log.Write(EventCatalogue.ReloadRefused, string.Join("; ", mistakes.Errors)); }
        catch (ServerStartException failure) { frontEnd.Log.Write(EventCatalogue.ReloadRefused, failure.Message); }
        catch (Exception defect) { frontEnd.Log.Write(EventCatalogue.InternalError, defect.ToString()); }
    }

    private static bool ReopenLogs(FrontEndServer? frontEnd)
    {
        frontEnd?.ReopenLogs();
        return true;
    }

    private static bool Update(FrontEndServer? frontEnd)
    {
        if (frontEnd is not null) _ = UpdateAsync(frontEnd);
        return true;
    }

    private static async Task UpdateAsync(FrontEndServer frontEnd)
    {
        try { await frontEnd.UpdateAsync(program: null, within: null, CancellationToken.None); }
        catch (ServerStartException failure) { frontEnd.Log.Write(EventCatalogue.UpdateRefused, failure.Message.ReplaceLineEndings("; ")); }
        catch (Exception defect) { frontEnd.Log.Write(EventCatalogue.InternalError, defect.ToString()); }
    }

    private static bool IsTerminalThere()
    {
        try
        {
            using var terminal = File.OpenHandle("/dev/tty");
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Returns the signals to the system.</summary>
    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());
}
