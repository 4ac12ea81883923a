using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Net.Sockets;
using DaemonProxy.Events;

namespace DaemonProxy.Daemons;

/// <summary>
/// Sends a request's body to the daemon while its response is read: a daemon may answer before it has read everything, or as it reads (an
/// echo). A daemon that stops reading is no failure of its own, for its answer may say why (413); a client that breaks off is one.
/// </summary>
internal sealed class RequestBodyPump(RequestBody body, DaemonConnection connection, TimeProvider time)
{
    // A daemon that knows nothing of 100-continue never says go ahead (RFC 9110, section 10.1.1): then the body goes anyway.
    private static readonly TimeSpan PatienceForContinue = TimeSpan.FromSeconds(1);

    private const int LargestSend = 65_536;

    // A chunk's size in hexadecimal, and two ends of line.
    private const int ChunkFrame = 16;

    private readonly TaskCompletionSource<bool> _goAhead = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private Task _run = Task.CompletedTask;
    private readonly bool _inChunks = body.Framing.InChunks;
    private long _left = body.Framing.Length ?? long.MaxValue;
    private byte[] _gathered = [];

    /// <summary>Set when the client did not deliver the body.</summary>
    public BrokenResponseException? ClientFailure { get; private set; }

    /// <summary>Set when the daemon did not take it.</summary>
    public Exception? DaemonFailure { get; private set; }

    /// <summary>Whether all of it has been sent.</summary>
    public bool Complete { get; private set; }

    public void Start()
    {
        connection.RequestUnderWay = true;
        _run = RunAsync();
    }

    /// <summary>The daemon asks for the body.</summary>
    public void GoAhead() => _goAhead.TrySetResult(true);

    /// <summary>Stops reading the client's body; after it the reader is free.</summary>
    public async ValueTask StopAsync()
    {
        _goAhead.TrySetResult(false);
        if (!_run.IsCompleted)
        {
            await _stop.CancelAsync().ConfigureAwait(false);
            await _run.ConfigureAwait(false);
        }
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var sending = false;
        try
        {
            if (body.ExpectContinue && !await WaitForContinueAsync().ConfigureAwait(false)) return;
            while (true)
            {
                ReadResult read;
                try
                {
                    read = await body.Reader.ReadAsync(_stop.Token).ConfigureAwait(false);
                }
                catch (Exception failure) when (failure is not OperationCanceledException || !_stop.IsCancellationRequested)
                {
                    BreakOff(BodyTimeoutException.Broken(failure));
                    return;
                }
                // The server holds a body to its length. Were it ever not so, the rest of this one would be the daemon's next request.
                if ((_left -= read.Buffer.Length) < 0 || (read.IsCompleted && !_inChunks && _left > 0))
                {
                    body.Reader.AdvanceTo(read.Buffer.End);
                    BreakOff(new BrokenResponseException(
                        EventCatalogue.RequestBodyReadError,
                        $"the body is not of the length that its head says, {body.Framing.Length} bytes"));
                    return;
                }
                sending = true;
                try
                {
                    await SendAsync(read.Buffer).ConfigureAwait(false);
                    sending = false;
                }
                finally
                {
                    // Also when the daemon has failed: then the server reads on, so that the client gets to read why instead of a reset.
                    body.Reader.AdvanceTo(read.Buffer.End);
                }
                if (read.IsCompleted) break;
            }
            if (_inChunks) await connection.SendAsync(LastChunk(), _stop.Token).ConfigureAwait(false);
            Complete = true;
            // Only here: after a send that was given up the socket may look into it yet.
            if (_gathered.Length > 0) ArrayPool<byte>.Shared.Return(_gathered);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Whether the end of the connection is seen first by this send or by the read of the head is chance.
            if (sending) DaemonFailure = new IOException("the daemon stopped reading the request");
        }
        catch (Exception failure) when (failure is SocketException or TimeoutException or ObjectDisposedException)
        {
            DaemonFailure = failure;
        }
        catch (BrokenResponseException malformed)
        {
            BreakOff(malformed);
        }
        catch (Exception defect)
        {
            // Unseen, it would leave the daemon waiting for the rest of the body, and its worker's place taken.
            BreakOff(new BrokenResponseException(EventCatalogue.InternalError, defect.ToString(), defect));
        }
        finally
        {
            connection.RequestUnderWay = false;
        }
    }

    /// <summary>Without the whole request there is no proper answer; closing tells the daemon, and ends the wait for its head.</summary>
    private void BreakOff(BrokenResponseException reason)
    {
        ClientFailure = reason;
        connection.Dispose();
    }

    private async ValueTask<bool> WaitForContinueAsync()
    {
        try { return await _goAhead.Task.WaitAsync(PatienceForContinue, time).ConfigureAwait(false); }
        catch (TimeoutException) { return true; }
    }

    // The server's buffers are of 4 KiB: sent one by one, each would cost a system call and a waking of the daemon.
    private async ValueTask SendAsync(ReadOnlySequence<byte> data)
    {
        if (!_inChunks && data.IsSingleSegment)
        {
            await connection.SendAsync(data.First, _stop.Token).ConfigureAwait(false);
            return;
        }
        if (!data.IsEmpty && _gathered.Length == 0) _gathered = ArrayPool<byte>.Shared.Rent(LargestSend + ChunkFrame);
        while (!data.IsEmpty)
        {
            var part = data.Slice(0, Math.Min(data.Length, LargestSend));
            data = data.Slice(part.End);
            await connection.SendAsync(_gathered.AsMemory(0, Gather(part)), _stop.Token).ConfigureAwait(false);
        }
    }

    private int Gather(in ReadOnlySequence<byte> part)
    {
        var length = 0;
        if (_inChunks)
        {
            Utf8Formatter.TryFormat(part.Length, _gathered, out length, new StandardFormat('x'));
            End(ref length);
        }
        part.CopyTo(_gathered.AsSpan(length));
        length += (int)part.Length;
        if (_inChunks) End(ref length);
        return length;

        void End(ref int position)
        {
            _gathered[position++] = (byte)'\r';
            _gathered[position++] = (byte)'\n';
        }
    }

    private byte[] LastChunk()
    {
        using var trailers = new RequestHead();
        foreach (var (name, value) in body.Trailers?.Invoke() ?? []) trailers.Add(name, value);
        trailers.EndTrailers();
        return [.. "0\r\n"u8, .. trailers.Bytes.Span];
    }
}
