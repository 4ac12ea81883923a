using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using DaemonProxy.Events;
using DaemonProxy.Timing;

namespace DaemonProxy.Filters;

/// <summary>
/// The last room of the chain: batches small writes, sends everything else at once, and waits while the client does not read.
/// Like Apache's core output filter it sends on its own what has grown to 4 KiB. One response holds here at most
/// <see cref="LargestWrite"/> beside what the server has queued, however large the response and however slow the client.
/// </summary>
public sealed class CoreOutput : IOutputFilter, IDisposable
{
    /// <summary>What is held until a marker: less than this many bytes (Apache's THRESHOLD_MIN_WRITE).</summary>
    public const int SmallestWrite = 4096;

    /// <summary>The most that is handed to the server in one write, so that its queue grows by no more than this past its own limit.</summary>
    public const int LargestWrite = 65_536;

    // Below this a copy is cheaper than a send of its own, and joins what is held.
    private const int SmallestLent = 16_384;

    private readonly PipeWriter _client;
    private readonly IBlockLender? _lender;
    private readonly bool _direct;
    private readonly bool _chunked;
    private readonly TimeSpan _writeTimeout;
    private readonly TimeProvider _time;
    private TimedWait? _wait;
    private Func<CancellationToken, Task>? _start;
    private bool _hasSent;

    /// <summary>Makes the output of one response.</summary>
    /// <param name="client">Where the response's body goes.</param>
    /// <param name="chunked">Whether the body is framed here in chunks (RFC 9112, section 7.1), so that a broken response can be left without its last one.</param>
    /// <param name="writeTimeout"><c>response-socket-timeout</c>: the longest the client may take nothing.</param>
    /// <param name="time">The clock of the timeout.</param>
    /// <param name="lender">The writer at the socket, where large blocks can be sent from where they lie; null: each is copied to the server's buffers.</param>
    /// <param name="start">Has the server write the head: what comes before is kept for it, block by block, and copied once more; null: it is left to the first send.</param>
    public CoreOutput(PipeWriter client, bool chunked, TimeSpan writeTimeout, TimeProvider time, IBlockLender? lender = null, Func<CancellationToken, Task>? start = null)
    {
        _start = start;
        // The frames of chunks would have to be sent around what is lent.
        _lender = chunked ? null : lender;
        _direct = lender is not null;
        _client = client;
        _chunked = chunked;
        _writeTimeout = writeTimeout;
        _time = time;
    }

    /// <inheritdoc/>
    public long Held { get; private set; }

    /// <summary>Body bytes taken so far.</summary>
    public long Bytes { get; private set; }

    /// <inheritdoc/>
    /// <exception cref="BrokenResponseException">The client took nothing for the write timeout.</exception>
    /// <exception cref="OperationCanceledException">The client has left.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> block, Marker marker, CancellationToken cancellationToken)
    {
        if (_start is not null && block.Length >= SmallestWrite) return StartAsync(block, marker, cancellationToken);
        if (block.Length >= SmallestLent && IsLending) return LendAsync(block, cancellationToken);
        if (block.Length > LargestWrite) return WriteInPartsAsync(block, marker, cancellationToken);
        Put(block.Span);
        // At the end EndAsync sends: head, body and last chunk of a short answer leave in one write.
        return marker == Marker.Flush || Held >= SmallestWrite ? SendAsync(cancellationToken) : ValueTask.CompletedTask;
    }

    // This and the wait for a slow client take their state from a pool, or each block would allocate it anew.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteInPartsAsync(ReadOnlyMemory<byte> block, Marker marker, CancellationToken cancellationToken)
    {
        for (; block.Length > LargestWrite; block = block[LargestWrite..])
            await WriteAsync(block[..LargestWrite], Marker.None, cancellationToken).ConfigureAwait(false);
        await WriteAsync(block, marker, cancellationToken).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask StartAsync(ReadOnlyMemory<byte> block, Marker marker, CancellationToken cancellationToken)
    {
        var start = _start!;
        _start = null;
        await start(cancellationToken).ConfigureAwait(false);
        await WriteAsync(block, marker, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends the last of the body, and with it, where it is chunked here, its last chunk and its trailers.</summary>
    /// <exception cref="BrokenResponseException">The client took nothing for the write timeout.</exception>
    /// <exception cref="OperationCanceledException">The client has left.</exception>
    public ValueTask EndAsync(IReadOnlyList<KeyValuePair<string, string>> trailers, CancellationToken cancellationToken)
    {
        if (_chunked)
        {
            _client.Write("0\r\n"u8);
            foreach (var (name, value) in trailers) Encoding.Latin1.GetBytes($"{name}: {value}\r\n".AsSpan(), _client);
            _client.Write("\r\n"u8);
        }
        return SendAsync(cancellationToken);
    }

    // Head and first block leave in one send, which is worth a copy.
    private bool IsLending => _lender is not null && _hasSent;

    /// <summary>Sends a block from where it lies. When this has ended, well or not, nobody looks at the block any more.</summary>
    private ValueTask LendAsync(ReadOnlyMemory<byte> block, CancellationToken cancellationToken)
    {
        _lender!.Lend(block);
        var memory = _client.GetMemory(block.Length);
        if (!block.Span.Overlaps(memory.Span))
        {
            // The server has a write of its own to finish before, and keeps what comes behind it: that has to be a copy.
            _lender.Lend(default);
            block.CopyTo(memory);
        }
        _client.Advance(block.Length);
        Bytes += block.Length;
        return SendAsync(cancellationToken, lent: true);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        if (_chunked)
        {
            var head = _client.GetSpan(16);
            Utf8Formatter.TryFormat(bytes.Length, head, out var digits, new StandardFormat('x'));
            head[digits] = (byte)'\r';
            head[digits + 1] = (byte)'\n';
            _client.Advance(digits + 2);
            Copy(bytes);
            _client.Write("\r\n"u8);
        }
        else Copy(bytes);
        Held += bytes.Length;
        Bytes += bytes.Length;
    }

    private void Copy(ReadOnlySpan<byte> bytes)
    {
        // The server's own buffers are of a fixed size, and are filled one after the other; the writer at the socket makes room for all at once.
        if (!_direct) _client.Write(bytes);
        else
        {
            bytes.CopyTo(_client.GetSpan(bytes.Length));
            _client.Advance(bytes.Length);
        }
    }

    private ValueTask SendAsync(CancellationToken cancellationToken, bool lent = false)
    {
        Held = 0;
        _hasSent = true;
        var flush = _client.FlushAsync(CancellationToken.None);
        if (!flush.IsCompletedSuccessfully) return AwaitClientAsync(flush, lent, cancellationToken);
        ThrowIfClientLeft(flush.Result);
        return ValueTask.CompletedTask;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AwaitClientAsync(ValueTask<FlushResult> flush, bool lent, CancellationToken cancellationToken)
    {
        var awaiter = flush.ConfigureAwait(false).GetAwaiter();
        if (!awaiter.IsCompleted)
        {
            _wait ??= new TimedWait(_time);
            _wait.Reset();
            awaiter.UnsafeOnCompleted(_wait.Signal);
            try
            {
                var taken = lent ? _lender!.Taken : 0;
                while (!await _wait.WaitAsync(_writeTimeout, cancellationToken).ConfigureAwait(false))
                {
                    // A slow client that takes a large block bit by bit does take something.
                    if (!lent || taken == _lender!.Taken)
                        throw new BrokenResponseException(EventCatalogue.ClientWriteTimeout, $"the client took nothing for {_writeTimeout.TotalSeconds:0.###} s");
                    taken = _lender.Taken;
                }
            }
            catch when (lent)
            {
                // The socket may be sending the block yet, whose owner will use it for another response: this one is broken off before it is given back.
                _lender!.Abort();
                await _wait.WaitAsync(Timeout.InfiniteTimeSpan, CancellationToken.None).ConfigureAwait(false);
                throw;
            }
        }
        ThrowIfClientLeft(awaiter.GetResult());
    }

    private static void ThrowIfClientLeft(FlushResult result)
    {
        if (result.IsCompleted) throw new OperationCanceledException("the client has left");
    }

    /// <summary>Ends the timer. The pipe stays its owner's.</summary>
    public void Dispose() => _wait?.Dispose();
}
