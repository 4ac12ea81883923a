using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Net.Sockets;
using DaemonProxy.Events;

namespace DaemonProxy.Daemons;

/// <summary>
/// Sends the body of a request to the daemon while the response is being read: a daemon may answer before it has read everything, or while
/// it reads (an echo). A daemon that stops reading is not a failure by itself, because its answer may say why (413); a client that breaks
/// off is one.
/// </summary>
internal sealed class RequestBodyPump(RequestBody body, DaemonConnection connection, TimeProvider time)
{
    // A daemon without support for 100-continue never asks for the body (RFC 9110, section 10.1.1); after this time the body is sent
    // anyway.
    private static readonly TimeSpan PatienceForContinue = TimeSpan.FromSeconds(1);

    private const int LargestSend = 65_536;

    // Room for the size of a chunk in hexadecimal and for two line ends.
    private const int ChunkFrame = 16;

    private readonly TaskCompletionSource<bool> _goAhead = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private Task _run = Task.CompletedTask;
    private readonly bool _inChunks = body.Framing.InChunks;
    private long _left = body.Framing.Length ?? long.MaxValue;
    private byte[] _gathered = [];

    /// <summary>Set when the client did not deliver the body.</summary>
    public BrokenResponseException? ClientFailure { get; private set; }

    /// <summary>Set when the daemon did not accept the body.</summary>
    public Exception? DaemonFailure { get; private set; }

    /// <summary>Whether the whole body has been sent.</summary>
    public bool Complete { get; private set; }

    public void Start()
    {
        connection.RequestUnderWay = true;
        _run = RunAsync();
    }

    /// <summary>Called when the daemon asks for the body.</summary>
    public void GoAhead() => _goAhead.TrySetResult(true);

    /// <summary>Stops reading the client's body; the reader is free afterwards.</summary>
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
                // The server enforces the length of a body. If it ever failed to, the daemon would take the excess for its next request.
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
                catch (TimeoutException)
                {
                    // The send that was given up must not take its bytes from a buffer that has gone to somebody else.
                    await _stop.CancelAsync().ConfigureAwait(false);
                    throw;
                }
                finally
                {
                    // Also when the daemon has failed: the server then keeps reading, so that the client can read the reason instead of
                    // getting a reset.
                    body.Reader.AdvanceTo(read.Buffer.End);
                }
                if (read.IsCompleted) break;
            }
            if (_inChunks) await connection.SendAsync(LastChunk(), _stop.Token).ConfigureAwait(false);
            Complete = true;
            // Only here: after an abandoned send the socket may still access the buffer.
            if (_gathered.Length > 0) ArrayPool<byte>.Shared.Return(_gathered);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // It is a matter of chance whether this send or the read of the head first notices the end of the connection.
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
            // If it went unnoticed, the daemon would wait for the rest of the body and the place on its worker would stay occupied.
            BreakOff(new BrokenResponseException(EventCatalogue.InternalError, defect.ToString(), defect));
        }
        finally
        {
            connection.RequestUnderWay = false;
        }
    }

    /// <summary>
    /// Closes the connection: without the whole request there is no proper response. This informs the daemon and ends the wait for the
    /// head.
    /// </summary>
    private void BreakOff(BrokenResponseException reason)
    {
        ClientFailure = reason;
        connection.Abort();
    }

    private async ValueTask<bool> WaitForContinueAsync()
    {
        try { return await _goAhead.Task.WaitAsync(PatienceForContinue, time).ConfigureAwait(false); }
        catch (TimeoutException) { return true; }
    }

    // What arrived may lie in several of the server's buffers: sent one by one, each would cost a system call and wake the daemon.
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
