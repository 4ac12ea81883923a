using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Platform;

namespace DaemonProxy.Host.Update;

/// <summary>
/// The new process that is to take this one's place, as this one sees it: it is started, passed the open sockets, and has taken over once
/// it reports that it serves. Until then this process goes on as before, whatever becomes of the new one.
/// </summary>
internal sealed class Successor : IDisposable
{
    private const int KeptErrorLines = 20;
    private const int Terminate = 15; // SIGTERM
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PassLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ReportLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(15);

    private readonly Process _process;
    private readonly Socket _connection;
    private readonly StreamReader _lines;
    private readonly Task<string> _errors;

    private Successor(Process process, Socket connection, Task<string> errors)
    {
        _process = process;
        _connection = connection;
        _errors = errors;
        _lines = new StreamReader(new NetworkStream(connection, ownsSocket: false), Encoding.UTF8);
    }

    /// <summary>Its process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Whether its report, or a part of it, has arrived.</summary>
    internal bool HasReported => _connection.Available > 0;

    /// <summary>Starts the process, and passes everything that is open.</summary>
    /// <param name="program">The host to start; null: the one that this process was started with.</param>
    /// <param name="terms">How it is started.</param>
    /// <param name="path">Full path for the socket between the two.</param>
    /// <param name="handover">What it is told.</param>
    /// <param name="descriptors">What it is passed, in the order of <see cref="Handover.Descriptors"/>.</param>
    /// <param name="cancellationToken">Ends the process again.</param>
    /// <exception cref="ServerStartException">It cannot be started, or ends before it was passed anything.</exception>
    public static async Task<Successor> StartAsync(
        string? program, UpdateTerms terms, string path, Handover handover, IReadOnlyList<SafeHandle> descriptors,
        CancellationToken cancellationToken)
    {
        // The file is gone when the socket is closed.
        using var listening = UnixListenSocket.Open(path, backlog: 1).Socket;
        var process = Launch(program, terms, path);
        var errors = terms.KeepsStreams ? Task.FromResult("") : KeepTailAsync(process);
        try
        {
            var connection = await AcceptAsync(listening, process, errors, cancellationToken);
            try
            {
                // The socket holds some hundred descriptors whether or not the other side reads.
                connection.SendTimeout = (int)PassLimit.TotalMilliseconds;
                Pass(connection, handover, descriptors);
            }
            catch (Exception gone) when (gone is SocketException or IOException)
            {
                connection.Dispose();
                throw new ServerStartException($"the new process did not take the sockets: {gone.Message}", gone);
            }
            return new Successor(process, connection, errors);
        }
        catch
        {
            await EndAsync(process);
            process.Dispose();
            throw;
        }
    }

    /// <summary>Waits until it serves, and has taken the name.</summary>
    /// <param name="limit">How long it may take.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the process, unless it serves already.</param>
    /// <returns>Its status.</returns>
    /// <exception cref="ServerStartException">It does not serve; it has ended.</exception>
    public async Task<InstanceStatus> ServesAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(limit, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            var line = await ReportAsync(end.Token);
            var report = line is null ? null : JsonSerializer.Deserialize(line, ControlJson.Default.StartReport);
            if (report?.Status is { } status) return status;
            // It was asked to end, and has not taken over.
            end.Token.ThrowIfCancellationRequested();
            throw new ServerStartException(
                report?.Error ?? $"the new process ended before it served{await LastWordsAsync(_process, _errors)}");
        }
        catch (Exception broken) when (broken is IOException or SocketException or JsonException)
        {
            await EndAsync(_process);
            throw new ServerStartException($"the new process broke off before it served{await LastWordsAsync(_process, _errors)}", broken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await EndAsync(_process);
            throw new ServerStartException(
                $"the new process did not serve within {Units.FormatDuration(limit)} and has been ended; the event log may say what it "
                + "was waiting for");
        }
        catch
        {
            await EndAsync(_process);
            throw;
        }
    }

    // It may accept already and not have said so yet: killing it would break off what it has accepted. Asked to end, it says either that
    // it ends before it serves, or that it serves, and then ends as any front end does.
    private async Task<string?> ReportAsync(CancellationToken end)
    {
        var report = _lines.ReadLineAsync(CancellationToken.None).AsTask();
        try { return await report.WaitAsync(end); }
        catch (OperationCanceledException)
        {
            var hasBegun = HasReported;
            if (!report.IsCompleted && !hasBegun) _ = SystemCalls.SendSignal(_process.Id, Terminate);
            try { return await report.WaitAsync(ReportLimit, TimeProvider.System, CancellationToken.None); }
            catch (TimeoutException late) when (hasBegun) { throw new IOException("it hangs in the middle of its report", late); }
            catch (Exception gone) when (!hasBegun && gone is (TimeoutException or IOException or SocketException))
            {
                throw new OperationCanceledException(end);
            }
        }
    }

    /// <summary>Asks it to end, once it has taken over.</summary>
    /// <param name="drainTimeout">What it has in flight after this time is broken off.</param>
    public Task StopAsync(TimeSpan drainTimeout) => StopLine.SendAsync(_connection, drainTimeout);

    /// <summary>Tells it that it is the main process, and listens to it until this process ends.</summary>
    /// <param name="stop">Called, with the drain timeout, when it asks this process to end.</param>
    public async Task FollowAsync(Action<TimeSpan> stop)
    {
        try
        {
            await _connection.SendAsync(Encoding.ASCII.GetBytes($"{ReplacedProcess.MainWord}\n"));
            while (await _lines.ReadLineAsync() is { } line)
            {
                if (StopLine.Parse(line) is { } drainTimeout) stop(drainTimeout);
            }
        }
        catch (Exception gone) when (gone is IOException or SocketException or ObjectDisposedException)
        {
            // Whoever has taken over may end as well; what is in flight here goes on.
        }
    }

    /// <summary>Closes the connection, which tells the other process that this one has ended.</summary>
    public void Dispose()
    {
        _lines.Dispose();
        _connection.Dispose();
        _process.Dispose();
    }

    private static Process Launch(string? program, UpdateTerms terms, string path)
    {
        ProcessStartInfo start;
        if (program is null)
        {
            if (terms.Host.FirstOrDefault(file => !File.Exists(file)) is { } missing)
                throw new ServerStartException(
                    $"{missing} is not there any more, so that it cannot be started again; install it again, or update from an installed "
                    + "version with Update-DaemonProxy or its own 'daemonproxy update'");
            start = new ProcessStartInfo(terms.Host[0]) { UseShellExecute = false };
            foreach (var argument in terms.Host.Skip(1)) start.ArgumentList.Add(argument);
        }
        else start = HostProgram.Call(program);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = !terms.KeepsStreams;
        foreach (var argument in terms.ArgumentsFor(path)) start.ArgumentList.Add(argument);
        foreach (var (name, value) in terms.Variables) start.Environment[name] = value;
        try
        {
            var process = Process.Start(start)!;
            if (!terms.KeepsStreams) process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception failure)
        {
            throw new ServerStartException($"{start.FileName} cannot be started: {failure.Message}", failure);
        }
    }

    private static async Task<Socket> AcceptAsync(
        Socket listening, Process process, Task<string> errors, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ConnectLimit);
        var ended = process.WaitForExitAsync(limit.Token);
        try
        {
            while (true)
            {
                var accepted = listening.AcceptAsync(limit.Token).AsTask();
                if (await Task.WhenAny(accepted, ended) == ended) break;
                var connection = await accepted;
                if (IsOf(process, connection)) return connection;
                connection.Dispose();
            }
            await ended;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ServerStartException($"the new process has not begun to start after {ConnectLimit.TotalSeconds:0} s");
        }
        finally
        {
            await limit.CancelAsync();
        }
        throw new ServerStartException($"the new process ended before it served{await LastWordsAsync(process, errors)}");
    }

    // What is passed is the front end: nobody else gets it, whatever that one may do in the folder of the socket.
    private static bool IsOf(Process process, Socket connection) =>
        SocketPeer.From(connection) is not { } peer || (peer.Process == process.Id && peer.User == FileOwner.CurrentUser);

    private static void Pass(Socket connection, Handover handover, IReadOnlyList<SafeHandle> descriptors)
    {
        var text = JsonSerializer.SerializeToUtf8Bytes(handover, HandoverJson.Default.Handover);
        connection.Send(BitConverter.GetBytes(text.Length));
        connection.Send(text);
        foreach (var descriptor in descriptors) DescriptorPassing.Send(connection, descriptor);
    }

    private static async Task EndAsync(Process process)
    {
        try
        {
            // Its workers end with it.
            process.Kill(entireProcessTree: true);
            using var limit = new CancellationTokenSource(EndLimit);
            await process.WaitForExitAsync(limit.Token);
        }
        catch (Exception gone)
            when (gone is InvalidOperationException or Win32Exception or AggregateException or OperationCanceledException)
        {
            // It has ended by itself, or the system ends it in its own time.
        }
    }

    private static async Task<string> LastWordsAsync(Process process, Task<string> errors)
    {
        var tail = await Task.WhenAny(errors, Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System)) == errors ? await errors : "";
        var code = process.HasExited ? string.Create(CultureInfo.InvariantCulture, $" (exit code {process.ExitCode})") : "";
        return tail.Length > 0 ? $"{code}: {tail}" : code;
    }

    private static async Task<string> KeepTailAsync(Process process)
    {
        var tail = new Queue<string>();
        try
        {
            // Whoever has asked a process for its stream has to close it.
            using var lines = process.StandardError;
            while (await lines.ReadLineAsync() is { } line)
            {
                tail.Enqueue(line);
                if (tail.Count > KeptErrorLines) tail.Dequeue();
            }
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Closed with the process, or because it serves and nobody reads this any more.
        }
        return string.Join(Environment.NewLine, tail).Trim();
    }
}
