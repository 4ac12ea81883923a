using System.IO.Pipelines;

namespace DaemonProxy.Filters;

/// <summary>
/// The pacing filter: cuts what is passed down into the writes its pacer asks for, and waits with each as long as the pacer says.
/// While it waits, its caller waits: that is the backpressure that keeps the daemon from running ahead.
/// </summary>
public sealed class RateLimitFilter(IPacer pacer, IOutputFilter next) : IOutputFilter
{
    // Only a pacer that wants full writes ever holds anything; most responses need no queue.
    private Pipe? _queue;
    private long _queued;

    /// <inheritdoc/>
    public long Held => _queued + next.Held;

    /// <inheritdoc/>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> block, Marker marker, CancellationToken cancellationToken)
    {
        pacer.BeginCall();
        while (_queued + block.Length > 0)
        {
            var available = _queued + block.Length;
            var size = (int)Math.Min(pacer.WriteSize, available);
            if (size < pacer.WriteSize && pacer.FullWrites && marker == Marker.None)
            {
                await EnqueueAsync(block).ConfigureAwait(false);
                return;
            }

            var turn = pacer.PaceAsync(size, cancellationToken);
            var waits = !turn.IsCompleted;
            // Nothing that has had its turn lies about below while this filter sleeps.
            if (waits && next.Held > 0) await next.WriteAsync(default, Marker.Flush, cancellationToken).ConfigureAwait(false);
            await turn.ConfigureAwait(false);

            var behind = size == available && marker != Marker.None ? marker : waits || pacer.FlushesWrites ? Marker.Flush : Marker.None;
            var queued = (int)Math.Min(_queued, size);
            var direct = block[..(size - queued)];
            block = block[direct.Length..];
            if (queued > 0) await DequeueAsync(queued, direct.IsEmpty ? behind : Marker.None, cancellationToken).ConfigureAwait(false);
            if (!direct.IsEmpty) await next.WriteAsync(direct, behind, cancellationToken).ConfigureAwait(false);
            if (size == available) return;
        }
        if (marker != Marker.None) await next.WriteAsync(default, marker, cancellationToken).ConfigureAwait(false);
    }

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
            await next.WriteAsync(part, count == 0 ? behind : Marker.None, cancellationToken).ConfigureAwait(false);
            _queue.Reader.AdvanceTo(read.Buffer.GetPosition(part.Length));
            _queued -= part.Length;
        }
    }
}
