using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using DaemonProxy.Pacing;
using DaemonProxy.Platform;

namespace DaemonProxy.Filters;

/// <summary>
/// The pacing filter: cuts the data passed down into writes of the size that its pacer asks for, and delays each for as long as the pacer
/// requires. Its caller waits, too; this backpressure keeps the daemon from running ahead.
/// </summary>
public sealed class RateLimitFilter : IOutputFilter, IDisposable
{
    private readonly LiveRateLimit _limit;
    private readonly RateLimitKey _key;
    private readonly IOutputFilter _next;

    // Only a filter whose pacer wants full writes ever holds anything; most responses need no queue.
    private Pipe? _queue;
    private long _queued;
    private RateLimit _current;
    private PacerDefinition _definition;
    private IPacer? _pacer;
    private long _unpaced;

    /// <summary>Creates the filter of one response.</summary>
    /// <param name="limit">The limit. A change applies from the next write on, except that the initial burst remains the one from the start
    /// of the response.</param>
    /// <param name="key">The client and route whose share of the limit the response uses.</param>
    /// <param name="next">The next filter.</param>
    public RateLimitFilter(LiveRateLimit limit, in RateLimitKey key, IOutputFilter next)
    {
        _limit = limit;
        _key = key;
        _next = next;
        _pacer = limit.Begin(key, out _current);
        _definition = PacerTable.Get(_current.Pacer);
        _unpaced = limit.SharesBurst ? 0 : _current.InitialBurst;
    }

    /// <inheritdoc/>
    public long Held => _queued + _next.Held;

    /// <inheritdoc/>
    public TimeSpan FlushCost => _pacer is not null && _definition.HoldsForFullWrites ? _definition.FlushCost : _next.FlushCost;

    /// <inheritdoc/>
    public long FullWrite => _pacer is { } pacer && _definition.HoldsForFullWrites ? pacer.WriteSize : _next.FullWrite;

    /// <inheritdoc/>
    public bool PassesUnread =>
        (_pacer is not { } pacer || (!_definition.HoldsForFullWrites && pacer.WriteSize >= KernelPipe.LeastBlock)) && _next.PassesUnread;

    /// <inheritdoc/>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> block, Marker marker, CancellationToken cancellationToken)
    {
        if (_current != _limit.Limit) GoByNewLimit();
        if (MustPace(block)) return WritePacedAsync(block, marker, trailers: null, cancellationToken);
        _unpaced = Math.Max(0, _unpaced - block.Length);
        return _next.WriteAsync(block, marker, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask EndAsync(
        ReadOnlyMemory<byte> last, IReadOnlyList<KeyValuePair<string, string>> trailers, CancellationToken cancellationToken)
    {
        if (_current != _limit.Limit) GoByNewLimit();
        return MustPace(last)
            ? WritePacedAsync(last, Marker.Flush, trailers, cancellationToken) : _next.EndAsync(last, trailers, cancellationToken);
    }

    private bool MustPace(ReadOnlyMemory<byte> block) => _queued > 0 || (_pacer is not null && block.Length > _unpaced);

    // Pooled, because a response may arrive in blocks as small as its writes.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WritePacedAsync(
        ReadOnlyMemory<byte> block, Marker marker, IReadOnlyList<KeyValuePair<string, string>>? trailers,
        CancellationToken cancellationToken)
    {
        _pacer?.BeginCall();
        while (_queued + block.Length > 0)
        {
            var available = _queued + block.Length;
            // The unpaced bytes come first in a response, before anything is queued.
            var pacer = _unpaced == 0 ? _pacer : null;
            var size = (int)Math.Min(_unpaced > 0 ? _unpaced : pacer?.WriteSize ?? int.MaxValue, available);
            var waits = false;
            if (pacer is not null)
            {
                if (size < pacer.WriteSize && _definition.HoldsForFullWrites && marker == Marker.None)
                {
                    await EnqueueAsync(block).ConfigureAwait(false);
                    return;
                }

                var turn = pacer.PaceAsync(size, cancellationToken);
                waits = !turn.IsCompleted;
                // Bytes that have had their turn must not be held below while this filter sleeps.
                if (waits && _next.Held > 0) await _next.WriteAsync(default, Marker.Flush, cancellationToken).ConfigureAwait(false);
                if (!await turn.ConfigureAwait(false))
                {
                    GoByNewLimit();
                    continue;
                }
            }

            _unpaced = Math.Max(0, _unpaced - size);
            var isLast = size == available;
            var end = isLast ? trailers : null;
            var behind = waits || (pacer is not null && _definition.CountsWrites) ? Marker.Flush : isLast ? marker : Marker.None;
            var queued = (int)Math.Min(_queued, size);
            var direct = block[..(size - queued)];
            block = block[direct.Length..];
            if (queued > 0)
                await DequeueAsync(queued, direct.IsEmpty ? behind : Marker.None, direct.IsEmpty ? end : null, cancellationToken)
                    .ConfigureAwait(false);
            if (!direct.IsEmpty) await PassAsync(direct, behind, end, cancellationToken).ConfigureAwait(false);
            if (isLast) return;
            if (_current != _limit.Limit) GoByNewLimit();
        }
        if (marker != Marker.None) await PassAsync(default, marker, trailers, cancellationToken).ConfigureAwait(false);
    }

    private ValueTask PassAsync(
        ReadOnlyMemory<byte> block, Marker marker, IReadOnlyList<KeyValuePair<string, string>>? trailers,
        CancellationToken cancellationToken) =>
        trailers is null ? _next.WriteAsync(block, marker, cancellationToken) : _next.EndAsync(block, trailers, cancellationToken);

    private void GoByNewLimit()
    {
        if (_pacer is not null) _limit.End(_pacer);
        _pacer = _limit.Begin(_key, out _current);
        _definition = PacerTable.Get(_current.Pacer);
    }

    /// <summary>Gives back its share of the limit, and makes the pacing filters below it do the same.</summary>
    public void Dispose()
    {
        if (_pacer is not null) _limit.End(_pacer);
        _pacer = null;
        (_next as RateLimitFilter)?.Dispose();
    }

    private async ValueTask EnqueueAsync(ReadOnlyMemory<byte> block)
    {
        _queue ??= new Pipe(new PipeOptions(pauseWriterThreshold: 0, minimumSegmentSize: 32_768, useSynchronizationContext: false));
        await _queue.Writer.WriteAsync(block).ConfigureAwait(false);
        _queued += block.Length;
    }

    private async ValueTask DequeueAsync(
        int count, Marker behind, IReadOnlyList<KeyValuePair<string, string>>? end, CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            _queue!.Reader.TryRead(out var read);
            var part = read.Buffer.First;
            if (part.Length > count) part = part[..count];
            count -= part.Length;
            await PassAsync(part, count == 0 ? behind : Marker.None, count == 0 ? end : null, cancellationToken).ConfigureAwait(false);
            _queue.Reader.AdvanceTo(read.Buffer.GetPosition(part.Length));
            _queued -= part.Length;
        }
    }
}
