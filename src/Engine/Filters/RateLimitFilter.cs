using System.IO.Pipelines;

namespace DaemonProxy.Filters;

/// <summary>
/// The pacing filter: cuts what is passed down into the writes its pacer asks for, and waits with each as long as the pacer says.
/// While it waits, its caller waits: that is the backpressure that keeps the daemon from running ahead.
/// </summary>
public sealed class RateLimitFilter : IOutputFilter, IDisposable
{
    private readonly LiveRateLimit _limit;
    private readonly IOutputFilter _next;
    private readonly TimeProvider _time;

    // Only a pacer that wants full writes ever holds anything; most responses need no queue.
    private Pipe? _queue;
    private long _queued;
    private LiveRateLimit.State _state;
    private IPacer? _pacer;
    private CancellationTokenSource? _waking;

    /// <summary>Makes the filter of one response.</summary>
    /// <param name="limit">The limit; each change of it holds from the next write on.</param>
    /// <param name="next">The next filter.</param>
    /// <param name="time">The clock.</param>
    public RateLimitFilter(LiveRateLimit limit, IOutputFilter next, TimeProvider time)
    {
        _limit = limit;
        _next = next;
        _time = time;
        _state = limit.Current;
        _pacer = _state.Limit.NewPacer(time, atStart: true);
    }

    /// <inheritdoc/>
    public long Held => _queued + _next.Held;

    /// <inheritdoc/>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> block, Marker marker, CancellationToken cancellationToken)
    {
        if (_state != _limit.Current) GoByNewLimit();
        return _pacer is null && _queued == 0 ? _next.WriteAsync(block, marker, cancellationToken) : WritePacedAsync(block, marker, cancellationToken);
    }

    private async ValueTask WritePacedAsync(ReadOnlyMemory<byte> block, Marker marker, CancellationToken cancellationToken)
    {
        _pacer?.BeginCall();
        while (_queued + block.Length > 0)
        {
            var available = _queued + block.Length;
            var size = (int)Math.Min(_pacer?.WriteSize ?? int.MaxValue, available);
            var waits = false;
            if (_pacer is { } pacer)
            {
                if (size < pacer.WriteSize && pacer.FullWrites && marker == Marker.None)
                {
                    await EnqueueAsync(block).ConfigureAwait(false);
                    return;
                }

                var turn = pacer.PaceAsync(size, Waking(cancellationToken));
                waits = !turn.IsCompleted;
                // Nothing that has had its turn lies about below while this filter sleeps.
                if (waits && _next.Held > 0) await _next.WriteAsync(default, Marker.Flush, cancellationToken).ConfigureAwait(false);
                try
                {
                    await turn.ConfigureAwait(false);
                }
                catch (OperationCanceledException) when (_state.Ended.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
                {
                    GoByNewLimit();
                    continue;
                }
            }

            var behind = size == available && marker != Marker.None ? marker : waits || _pacer is { FlushesWrites: true } ? Marker.Flush : Marker.None;
            var queued = (int)Math.Min(_queued, size);
            var direct = block[..(size - queued)];
            block = block[direct.Length..];
            if (queued > 0) await DequeueAsync(queued, direct.IsEmpty ? behind : Marker.None, cancellationToken).ConfigureAwait(false);
            if (!direct.IsEmpty) await _next.WriteAsync(direct, behind, cancellationToken).ConfigureAwait(false);
            if (size == available) return;
            if (_state != _limit.Current) GoByNewLimit();
        }
        if (marker != Marker.None) await _next.WriteAsync(default, marker, cancellationToken).ConfigureAwait(false);
    }

    private void GoByNewLimit()
    {
        _state = _limit.Current;
        _pacer = _state.Limit.NewPacer(_time, atStart: false);
        _waking?.Dispose();
        _waking = null;
    }

    /// <summary>Ends a wait when the client leaves, or the limit changes. Made once for a limit, for every write waits with it.</summary>
    private CancellationToken Waking(CancellationToken clientGone) => (_waking ??= CancellationTokenSource.CreateLinkedTokenSource(clientGone, _state.Ended)).Token;

    /// <summary>Takes no more notice of changes. The next filter stays its owner's.</summary>
    public void Dispose() => _waking?.Dispose();

    private async ValueTask EnqueueAsync(ReadOnlyMemory<byte> block)
    {
        _queue ??= new Pipe(new PipeOptions(pauseWriterThreshold: 0, minimumSegmentSize: 32_768, useSynchronizationContext: false));
        await _queue.Writer.WriteAsync(block).ConfigureAwait(false);
        _queued += block.Length;
    }

    private async ValueTask DequeueAsync(int count, Marker behind, CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            _queue!.Reader.TryRead(out var read);
            var part = read.Buffer.First;
            if (part.Length > count) part = part[..count];
            count -= part.Length;
            await _next.WriteAsync(part, count == 0 ? behind : Marker.None, cancellationToken).ConfigureAwait(false);
            _queue.Reader.AdvanceTo(read.Buffer.GetPosition(part.Length));
            _queued -= part.Length;
        }
    }
}
