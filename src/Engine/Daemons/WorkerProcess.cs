using System.Diagnostics;
using System.Net.Sockets;

namespace DaemonProxy.Daemons;

/// <summary>One process of a managed group: started, waited for until it listens, ended. It never comes back; its successor is another one on another socket.</summary>
internal sealed class WorkerProcess
{
    private static readonly TimeSpan ReadyPoll = TimeSpan.FromMilliseconds(10);

    // What an ended process wrote last is in its pipes already; longer than this only a child of it can hold them open.
    private static readonly TimeSpan LastWords = TimeSpan.FromMilliseconds(200);

    private const int OutputStreams = 2;

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _silent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Process _process;
    private readonly DaemonCommand _command;
    private readonly TimeProvider _time;
    private int _openStreams = OutputStreams;

    private WorkerProcess(Process process, DaemonCommand command, Action<WorkerProcess, string> output, TimeProvider time)
    {
        _process = process;
        _command = command;
        _time = time;
        Id = process.Id;
        Start = time.GetTimestamp();
        StartTime = time.GetUtcNow();
        process.OutputDataReceived += (_, line) => Quote(line.Data, isChannel: command.Greeting is not null, output);
        process.ErrorDataReceived += (_, line) => Quote(line.Data, isChannel: false, output);
        Greet(process, command);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        // Not WaitForExitAsync: that waits for the end of the output as well, which a child of the process may hold open for as long as it likes.
        process.Exited += (_, _) => _ended.TrySetResult();
        process.EnableRaisingEvents = true;
    }

    /// <summary>Its process id.</summary>
    public int Id { get; }

    /// <summary>Full path of the socket it is to listen on.</summary>
    public string Socket => _command.Socket;

    /// <summary>When it was started, as a timestamp of the clock.</summary>
    public long Start { get; }

    /// <summary>When it was started.</summary>
    public DateTimeOffset StartTime { get; }

    /// <summary>Completes when it has ended, whoever holds its output.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Its exit code, once it has ended.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>How many of its requests it has reported to be stuck: they will not end by themselves.</summary>
    public int StuckRequests { get; set; }

    /// <summary>The last line it wrote that was not empty, or the text of its last event.</summary>
    public string? LastLine { get; private set; }

    /// <summary>Processor time it has used so far; its children's is not in it.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            try
            {
                _process.Refresh();
                return _process.TotalProcessorTime;
            }
            catch (InvalidOperationException) { return TimeSpan.Zero; }
        }
    }

    /// <summary>Starts a process.</summary>
    /// <param name="command">What to run.</param>
    /// <param name="launcher">Starts it.</param>
    /// <param name="output">Gets each line that it writes; events are those that came on a worker's channel alone.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">It is not there or may not be run.</exception>
    /// <exception cref="IOException">A stale socket is in its way and cannot be removed.</exception>
    public static async Task<WorkerProcess> StartAsync(DaemonCommand command, DaemonLauncher launcher, Action<WorkerProcess, string> output, TimeProvider time)
    {
        File.Delete(command.Socket);
        return new WorkerProcess(await launcher.StartAsync(command.StartInfo()).ConfigureAwait(false), command, output, time);
    }

    private void Quote(string? line, bool isChannel, Action<WorkerProcess, string> output)
    {
        if (line is null && Interlocked.Decrement(ref _openStreams) == 0) _silent.TrySetResult();
        if (string.IsNullOrEmpty(line)) return;
        if (!isChannel) line = WorkerEvent.AsOutput(line);
        LastLine = WorkerEvent.Parse(line)?.Text ?? line;
        output(this, line);
    }

    private static void Greet(Process process, DaemonCommand command)
    {
        if (command.Greeting is not { } greeting) return;
        try { process.StandardInput.WriteLine(greeting.Format()); }
        catch (IOException)
        {
            // It has ended already, and is found out to have.
        }
    }

    /// <summary>Waits until it takes a connection.</summary>
    /// <param name="limit">0: however long it takes.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <returns>False when it ended, or the limit passed, before it did.</returns>
    public async Task<bool> BecomesReadyAsync(TimeSpan limit, CancellationToken stop)
    {
        while (!Ended.IsCompleted)
        {
            using (var socket = new System.Net.Sockets.Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            {
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(_command.Socket), stop).ConfigureAwait(false);
                    return true;
                }
                catch (SocketException)
                {
                }
            }
            if (limit > TimeSpan.Zero && _time.GetElapsedTime(Start) > limit) return false;
            await Task.WhenAny(Ended, Task.Delay(ReadyPoll, _time, stop)).ConfigureAwait(false);
            stop.ThrowIfCancellationRequested();
        }
        return false;
    }

    /// <summary>Asks it to end, kills it when it has not ended in time, and removes its socket.</summary>
    /// <param name="limit">0: killed at once.</param>
    /// <returns>Whether it ended by itself.</returns>
    public async Task<bool> EndAsync(TimeSpan limit)
    {
        if (limit > TimeSpan.Zero && !Ended.IsCompleted)
        {
            ProcessTree.Terminate(_process);
            await Task.WhenAny(Ended, Task.Delay(limit, _time)).ConfigureAwait(false);
        }
        var byItself = Ended.IsCompleted;
        // What it started itself must not go on without it.
        ProcessTree.Kill(_process);
        await Ended.ConfigureAwait(false);
        await Task.WhenAny(_silent.Task, Task.Delay(LastWords, _time)).ConfigureAwait(false);
        // A child that still holds the output writes into the log for as long as it lives. Closed under it, its next line would end it.
        _ = _silent.Task.ContinueWith(_ => _process.Dispose(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        File.Delete(_command.Socket);
        return byItself;
    }
}
