using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using DaemonProxy.Events;
using DaemonProxy.Timing;

namespace DaemonProxy.Filters;

/// <summary>
/// The core output, the last filter of the chain: batches small writes, sends everything else at once, and waits while the client does not
/// read. Like Apache's core output filter, it sends of its own accord once 4 KiB have been gathered. It holds at most
/// <see cref="LargestWrite"/> bytes of a response, in addition to what the server has queued, however large the response and however slow
/// the client.
/// </summary>
/// <param name="client">The client, which receives, frames and ends the response.</param>
/// <param name="writeTimeout"><c>response-socket-timeout</c>: the longest time for which the client may accept nothing.</param>
/// <param name="time">The clock for the timeout.</param>
public sealed class CoreOutput(IResponseClient client, TimeSpan writeTimeout, TimeProvider time) : IOutputFilter, IDisposable
{
    /// <summary>Fewer bytes than this are held until a marker (Apache's THRESHOLD_MIN_WRITE).</summary>
    public const int SmallestWrite = 4096;

    /// <summary>The most bytes handed to the server in one write, so that its queue exceeds its own limit by no more than this.</summary>
    public const int LargestWrite = 65_536;

    // How often to check the progress of a client whose response will be broken off.
    private static readonly TimeSpan DeliveryLook = TimeSpan.FromMilliseconds(20);

    // The work of a TLS record or an HTTP/2 frame at both ends, roughly; what counts is that it is not zero.
    private static readonly TimeSpan FrameCost = TimeSpan.FromMicroseconds(20);

    private TimedWait? _wait;
    private long _passed;
    private bool _isEnding;
    private bool _hasEnded;
    private bool _isGivenUp;

    /// <inheritdoc/>
    public long Held { get; private set; }

    /// <inheritdoc/>
    public TimeSpan FlushCost => client.IsFramed ? FrameCost : TimeSpan.Zero;

    /// <inheritdoc/>
    public bool PassesUnread => client.SendsInPlace;

    /// <summary>Body bytes passed to the client so far.</summary>
    public long Bytes => _passed + Held;

    /// <summary>
    /// Body bytes that the client has received: all bytes of a response that has ended; for a response that was broken off, only those that
    /// the client's system has acknowledged, as far as that is known.
    /// </summary>
    public long Taken => _hasEnded ? Bytes : Math.Max(0, _passed - client.Undelivered);

    /// <inheritdoc/>
    /// <exception cref="BrokenResponseException">The client accepted nothing for the write timeout.</exception>
    /// <exception cref="OperationCanceledException">The client has left.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> block, Marker marker, CancellationToken cancellationToken)
    {
        if (block.Length >= SmallestWrite)
            return IsTooLarge(block)
                ? PassInPartsAsync(block, marker, trailers: null, cancellationToken) : SendAsync(block, cancellationToken);
        if (!block.IsEmpty)
        {
            client.Write(block.Span);
            Held += block.Length;
        }
        return marker == Marker.Flush || Held >= SmallestWrite ? SendAsync(default, cancellationToken) : ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    /// <exception cref="BrokenResponseException">The client accepted nothing for the write timeout.</exception>
    /// <exception cref="OperationCanceledException">The client has left.</exception>
    public ValueTask EndAsync(
        ReadOnlyMemory<byte> last, IReadOnlyList<KeyValuePair<string, string>> trailers, CancellationToken cancellationToken)
    {
        if (IsTooLarge(last)) return PassInPartsAsync(last, Marker.None, trailers, cancellationToken);
        Pass(last);
        _isEnding = true;
        var lent = !last.IsEmpty && client.SendsInPlace;
        return AwaitSend(client.EndAsync(last, trailers), lent, cancellationToken);
    }

    /// <summary>
    /// Breaks the response off once the client has received what was sent before: an abort discards whatever the system still holds for a
    /// slow reader. The wait lasts for as long as the client makes progress, and at most for the write timeout while it accepts nothing.
    /// </summary>
    /// <param name="clientGone">Ends the wait.</param>
    public async ValueTask BreakOffAsync(CancellationToken clientGone)
    {
        using var pause = new TimedWait(time);
        var left = client.Undelivered;
        var since = time.GetTimestamp();
        try
        {
            while (left > 0 && !_isGivenUp && time.GetElapsedTime(since) < writeTimeout)
            {
                await pause.WaitAsync(DeliveryLook, clientGone).ConfigureAwait(false);
                var before = left;
                left = client.Undelivered;
                if (left < before) since = time.GetTimestamp();
            }
        }
        catch (OperationCanceledException)
        {
            // The client has left.
        }
        client.Abort();
    }

    private bool IsTooLarge(ReadOnlyMemory<byte> block) => block.Length > LargestWrite && !client.SendsInPlace;

    // This method and the wait for a slow client take their state from a pool; otherwise each block would allocate it anew.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask PassInPartsAsync(
        ReadOnlyMemory<byte> block, Marker marker, IReadOnlyList<KeyValuePair<string, string>>? trailers,
        CancellationToken cancellationToken)
    {
        for (; IsTooLarge(block); block = block[LargestWrite..])
            await WriteAsync(block[..LargestWrite], Marker.None, cancellationToken).ConfigureAwait(false);
        await (trailers is null ? WriteAsync(block, marker, cancellationToken) : EndAsync(block, trailers, cancellationToken))
            .ConfigureAwait(false);
    }

    private ValueTask SendAsync(ReadOnlyMemory<byte> block, CancellationToken cancellationToken)
    {
        Pass(block);
        var lent = !block.IsEmpty && client.SendsInPlace;
        return AwaitSend(client.SendAsync(block), lent, cancellationToken);
    }

    private void Pass(ReadOnlyMemory<byte> block)
    {
        _passed += Held + block.Length;
        Held = 0;
    }

    private ValueTask AwaitSend(ValueTask<FlushResult> send, bool lent, CancellationToken cancellationToken)
    {
        if (!send.IsCompletedSuccessfully) return AwaitClientAsync(send, lent, cancellationToken);
        Finish(send.Result);
        return ValueTask.CompletedTask;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AwaitClientAsync(ValueTask<FlushResult> send, bool lent, CancellationToken cancellationToken)
    {
        var awaiter = send.ConfigureAwait(false).GetAwaiter();
        if (!awaiter.IsCompleted)
        {
            _wait ??= new TimedWait(time);
            _wait.Reset();
            awaiter.UnsafeOnCompleted(_wait.Signal);
            try
            {
                var undelivered = client.Undelivered;
                while (!await _wait.WaitAsync(writeTimeout, cancellationToken).ConfigureAwait(false))
                {
                    // A slow client that accepts a large block bit by bit does make progress.
                    var left = client.Undelivered;
                    _isGivenUp = left >= undelivered;
                    if (_isGivenUp)
                        throw new BrokenResponseException(
                            EventCatalogue.ClientWriteTimeout, $"the client took nothing for {writeTimeout.TotalSeconds:0.###} s");
                    undelivered = left;
                }
            }
            catch when (lent)
            {
                // The socket may still be sending the block, which its owner will use for another response: this response is broken off
                // before the block is given back.
                client.Abort();
                await _wait.WaitAsync(Timeout.InfiniteTimeSpan, CancellationToken.None).ConfigureAwait(false);
                throw;
            }
        }
        Finish(awaiter.GetResult());
    }

    private void Finish(FlushResult result)
    {
        _isGivenUp = result.IsCompleted;
        if (_isGivenUp) throw new OperationCanceledException("the client has left");
        _hasEnded = _isEnding;
    }

    /// <summary>Ends the timer. The client still belongs to its owner.</summary>
    public void Dispose() => _wait?.Dispose();
}
