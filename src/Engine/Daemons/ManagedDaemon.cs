using System.ComponentModel;
using System.Diagnostics;
using System.Net.Sockets;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Events;

namespace DaemonProxy.Daemons;

/// <summary>
/// The process of a managed daemon group: started, waited for, started again with a growing pause when it ends, stopped with the front end.
/// </summary>
public sealed class ManagedDaemon : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    // A daemon that has run for so long has recovered: the next failure starts with the first pause again.
    private static readonly TimeSpan Recovered = TimeSpan.FromSeconds(30);

    private readonly DaemonGroupOptions _options;
    private readonly DaemonCommand _command;
    private readonly EventLog _log;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _firstReady = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _run = Task.CompletedTask;
    private volatile Process? _process;
    private volatile int _state = (int)DaemonState.Starting;
    private volatile int _restarts;
    private volatile string? _lastLine;

    /// <summary>Makes the daemon; nothing runs yet.</summary>
    public ManagedDaemon(DaemonGroupOptions options, DaemonCommand command, EventLog log, TimeProvider time)
    {
        _options = options;
        _command = command;
        _log = log;
        _time = time;
    }

    /// <summary>Its state.</summary>
    public DaemonState State => (DaemonState)_state;

    /// <summary>How often it was started again.</summary>
    public int Restarts => _restarts;

    /// <summary>Its process id; null when none runs now.</summary>
    public int? ProcessId
    {
        get
        {
            try { return _process?.Id; }
            catch (InvalidOperationException) { return null; }
        }
    }

    /// <summary>Completes when the daemon has answered on its socket for the first time; fails with <see cref="DaemonStartException"/> when it ended before it ever did.</summary>
    public Task FirstReady => _firstReady.Task;

    /// <summary>Starts the daemon, and its supervision.</summary>
    /// <exception cref="DaemonStartException">The command is not there or may not be run.</exception>
    public void Start()
    {
        var process = Launch();
        _run = SuperviseAsync(process);
    }

    private Process Launch()
    {
        if (File.Exists(_command.Socket)) File.Delete(_command.Socket);
        try
        {
            var process = _command.Start();
            _process = process;
            process.OutputDataReceived += (_, line) => Quote(line.Data);
            process.ErrorDataReceived += (_, line) => Quote(line.Data);
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            _log.Write(EventCatalogue.DaemonStarted, "", ("daemon", _options.Name), ("pid", process.Id));
            return process;
        }
        catch (Exception failure) when (failure is Win32Exception or IOException or UnauthorizedAccessException)
        {
            throw new DaemonStartException($"daemon group '{_options.Name}': cannot start '{_command.Program}': {failure.Message}");
        }
    }

    private void Quote(string? line)
    {
        if (string.IsNullOrEmpty(line)) return;
        _lastLine = line;
        _log.Write(EventCatalogue.DaemonOutput, line.Length > 4096 ? line[..4096] : line, ("daemon", _options.Name));
    }

    private string LastWords() => _lastLine is { } line ? $"; the last it wrote: {line}" : "";

    private async Task SuperviseAsync(Process process)
    {
        var pause = FirstPause;
        while (true)
        {
            var start = _time.GetTimestamp();
            var ended = process.WaitForExitAsync(CancellationToken.None);
            await AwaitReadyAsync(ended, start).ConfigureAwait(false);
            await Task.WhenAny(ended, Task.Delay(Timeout.InfiniteTimeSpan, _stop.Token)).ConfigureAwait(false);
            if (_stop.IsCancellationRequested)
            {
                await EndAsync(process, ended).ConfigureAwait(false);
                return;
            }
            // What it started itself must not go on beside its successor.
            ProcessTree.Kill(process);
            var lived = _time.GetElapsedTime(start);
            _firstReady.TrySetException(new DaemonStartException(
                $"daemon group '{_options.Name}': '{_command.Program}' ended with exit code {process.ExitCode} before it listened on {_command.Socket}{LastWords()}"));
            _log.Write(EventCatalogue.DaemonEnded, $"exit code {process.ExitCode} after {lived.TotalSeconds:0.0} s; starts again in {pause.TotalSeconds:0.0} s",
                ("daemon", _options.Name), ("exitCode", process.ExitCode));
            process.Dispose();
            _process = null;
            _state = (int)DaemonState.BackingOff;
            if (lived > Recovered) pause = FirstPause;
            if (await RelaunchAsync(pause).ConfigureAwait(false) is not { } next) return;
            process = next;
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private async Task<Process?> RelaunchAsync(TimeSpan pause)
    {
        while (true)
        {
            try
            {
                await Task.Delay(pause, _time, _stop.Token).ConfigureAwait(false);
                _state = (int)DaemonState.Starting;
                Interlocked.Increment(ref _restarts);
                return Launch();
            }
            catch (OperationCanceledException)
            {
                _state = (int)DaemonState.Stopped;
                return null;
            }
            catch (DaemonStartException failure)
            {
                _log.Write(EventCatalogue.DaemonNotStarted, failure.Message, ("daemon", _options.Name));
                _state = (int)DaemonState.BackingOff;
                pause = LongestPause;
            }
        }
    }

    /// <summary>Waits until the daemon takes a connection. One that does not by startup-timeout is killed, which starts another.</summary>
    private async Task AwaitReadyAsync(Task ended, long start)
    {
        while (!ended.IsCompleted && !_stop.IsCancellationRequested)
        {
            using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            {
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(_command.Socket), _stop.Token).ConfigureAwait(false);
                    _state = (int)DaemonState.Ready;
                    _firstReady.TrySetResult();
                    return;
                }
                catch (Exception failure) when (failure is SocketException or OperationCanceledException)
                {
                }
            }
            if (_options.StartupTimeout > TimeSpan.Zero && _time.GetElapsedTime(start) > _options.StartupTimeout)
            {
                _log.Write(EventCatalogue.DaemonNotReady, $"not listening at {_command.Socket} after {_options.StartupTimeout.TotalSeconds:0.###} s", ("daemon", _options.Name));
                if (_process is { } late) ProcessTree.Kill(late);
                return;
            }
            await Task.WhenAny(ended, Task.Delay(TimeSpan.FromMilliseconds(10), _time, CancellationToken.None)).ConfigureAwait(false);
        }
    }

    private async Task EndAsync(Process process, Task ended)
    {
        ProcessTree.Terminate(process);
        var inTime = await Task.WhenAny(ended, Task.Delay(_options.ShutdownTimeout, _time, CancellationToken.None)).ConfigureAwait(false) == ended;
        ProcessTree.Kill(process);
        await ended.ConfigureAwait(false);
        _log.Write(EventCatalogue.DaemonStopped, inTime ? "" : $"killed after {_options.ShutdownTimeout.TotalSeconds:0.###} s", ("daemon", _options.Name));
        process.Dispose();
        _process = null;
        _state = (int)DaemonState.Stopped;
        if (File.Exists(_command.Socket)) File.Delete(_command.Socket);
    }

    /// <summary>Stops the daemon: asks it to end, and kills it after shutdown-timeout.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _run.ConfigureAwait(false);
        _firstReady.TrySetCanceled();
        _stop.Dispose();
    }
}

/// <summary>A managed daemon's command could not be started; the message says which and why.</summary>
public sealed class DaemonStartException(string message) : Exception(message);
