using System.Diagnostics;
using System.Net.Sockets;
using DaemonProxy.Events;
using DaemonProxy.Platform;

namespace DaemonProxy.Daemons;

/// <summary>
/// One process of a managed group, from its start through the wait until it listens to its end. It is never started again; its successor is
/// another process on another socket.
/// </summary>
internal sealed class WorkerProcess : IWorkerProcess
{
    private static readonly TimeSpan ReadyPoll = TimeSpan.FromMilliseconds(10);

    // The last output of an ended process is already in its pipes; only a child of the process can hold them open for longer than this.
    private static readonly TimeSpan LastWords = TimeSpan.FromMilliseconds(200);

    // A server that closes each connection at once, before any request, is one all the same.
    private const int ClosedOften = 5;

    private const int OutputStreams = 2;

    // HTTP's own way to ask whether a server is alive (RFC 9110, section 9.3.7). No application sees this request.
    private static readonly ReadOnlyMemory<byte> Ping = "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray();

    private readonly Process _process;
    private readonly DaemonCommand _command;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _silent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LastWords _lastWords = new();
    private int _openStreams = OutputStreams;
    private int _closedAtOnce;

    private WorkerProcess(Process process, DaemonCommand command, Action<IWorkerProcess, string> output, TimeProvider time)
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
        // Not WaitForExitAsync: that waits for the end of the output as well, which a child of the process may hold open indefinitely.
        process.Exited += (_, _) => _ended.TrySetResult();
        process.EnableRaisingEvents = true;
    }

    /// <inheritdoc/>
    public int Id { get; }

    /// <inheritdoc/>
    public string Socket => _command.Socket;

    /// <inheritdoc/>
    public string Address => _command.Claim?.Path ?? Socket;

    /// <inheritdoc/>
    public long Start { get; }

    /// <inheritdoc/>
    public DateTimeOffset StartTime { get; }

    /// <inheritdoc/>
    public Task Ended => _ended.Task;

    /// <inheritdoc/>
    public int ExitCode => _process.ExitCode;

    /// <inheritdoc/>
    public int StuckRequests { get; set; }

    /// <inheritdoc/>
    public string? LastLine => _lastWords.Line;

    /// <inheritdoc/>
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
    /// <param name="output">Receives each line that the process writes; only lines on a worker's channel are events.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">The program does not exist or may not be run.</exception>
    /// <exception cref="IOException">A stale socket is in the way and cannot be removed.</exception>
    public static async Task<WorkerProcess> StartAsync(
        DaemonCommand command, DaemonLauncher launcher, Action<IWorkerProcess, string> output, TimeProvider time)
    {
        File.Delete(command.Socket);
        return new WorkerProcess(await launcher.StartAsync(command.StartInfo()).ConfigureAwait(false), command, output, time);
    }

    private void Quote(string? line, bool isChannel, Action<IWorkerProcess, string> output)
    {
        if (line is null && Interlocked.Decrement(ref _openStreams) == 0) _silent.TrySetResult();
        if (string.IsNullOrEmpty(line)) return;
        if (!isChannel) line = WorkerEvent.AsOutput(line);
        var written = WorkerEvent.Parse(line);
        if (written is { Definition.Severity: EventSeverity.Error }) _lastWords.AddError(written.Text);
        else _lastWords.Add(written?.Text ?? line);
        output(this, line);
    }

    private static void Greet(Process process, DaemonCommand command)
    {
        if (command.Greeting is not { } greeting) return;
        try { process.StandardInput.WriteLine(greeting.Format()); }
        catch (IOException)
        {
            // The process has already ended, which is detected elsewhere.
        }
    }

    /// <inheritdoc/>
    public async Task<bool> BecomesReadyAsync(TimeSpan limit, CancellationToken stop)
    {
        while (!Ended.IsCompleted)
        {
            // Claimed anew at each attempt: a program may replace its socket before it listens.
            if (_command.Claim?.TryTake(Socket) ?? true)
            {
                using var socket = new System.Net.Sockets.Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(Address), stop).ConfigureAwait(false);
                    var isServed = _command.AnswersPing ? await AnswersAsync(socket, limit, stop).ConfigureAwait(false)
                        : await IsAcceptedAsync(socket, limit, stop).ConfigureAwait(false);
                    if (isServed) return true;
                }
                catch (SocketException)
                {
                }
            }
            if (IsOver(limit)) return false;
            await PollAsync(stop).ConfigureAwait(false);
        }
        return false;
    }

    private bool IsOver(TimeSpan limit) => limit > TimeSpan.Zero && _time.GetElapsedTime(Start) > limit;

    private async Task PollAsync(CancellationToken stop)
    {
        await Task.WhenAny(Ended, Task.Delay(ReadyPoll, _time, stop)).ConfigureAwait(false);
        stop.ThrowIfCancellationRequested();
    }

    /// <summary>
    /// Waits until the server has accepted the connection that has just been made, because servers that load their application after they
    /// have begun to listen accept nothing before that is done.
    /// </summary>
    private async Task<bool> IsAcceptedAsync(System.Net.Sockets.Socket socket, TimeSpan limit, CancellationToken stop)
    {
        while (SocketBacklog.HasWaiting(_command.Socket))
        {
            if (Ended.IsCompleted || IsOver(limit)) return false;
            await PollAsync(stop).ConfigureAwait(false);
        }
        // A server that ends takes its waiting connections with it, some time before its end is seen, and can be connected to no more.
        if (socket.Poll(0, SelectMode.SelectRead) && ++_closedAtOnce < ClosedOften) return false;
        return !Ended.IsCompleted;
    }

    /// <summary>
    /// Makes a WSGI worker answer once before it gets any request. Its first answer takes as long as a hundred later ones; the first
    /// requests would have to wait for it, and would die with the worker if it were killed just then.
    /// </summary>
    private async Task<bool> AnswersAsync(System.Net.Sockets.Socket socket, TimeSpan limit, CancellationToken stop)
    {
        var left = limit > TimeSpan.Zero ? limit - _time.GetElapsedTime(Start) : Timeout.InfiniteTimeSpan;
        if (limit > TimeSpan.Zero && left <= TimeSpan.Zero) return false;
        await socket.SendAsync(Ping, stop).ConfigureAwait(false);
        try { return await socket.ReceiveAsync(new byte[256], stop).AsTask().WaitAsync(left, _time, stop).ConfigureAwait(false) > 0; }
        catch (TimeoutException) { return false; }
    }

    /// <inheritdoc/>
    public async Task<bool> EndAsync(TimeSpan limit)
    {
        if (limit > TimeSpan.Zero && !Ended.IsCompleted)
        {
            ProcessTree.Terminate(_process);
            await Task.WhenAny(Ended, Task.Delay(limit, _time)).ConfigureAwait(false);
        }
        var byItself = Ended.IsCompleted;
        // Processes that it started must not outlive it.
        ProcessTree.Kill(_process);
        await Ended.ConfigureAwait(false);
        try
        {
            File.Delete(Socket);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Its folder is gone, and the socket with it.
        }

        _command.Claim?.Release();
        await Task.WhenAny(_silent.Task, Task.Delay(LastWords, _time)).ConfigureAwait(false);
        // A child that still holds the output may write to the log for as long as it lives. If the pipe were closed, the child's next line
        // would kill it.
        _ = _silent.Task.ContinueWith(_ => _process.Dispose(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        return byItself;
    }
}
