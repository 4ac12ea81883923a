using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using DaemonProxy.Configuration;
using DaemonProxy.Pacing;
using DaemonProxy.Platform;

namespace DaemonProxy.Filters;

/// <summary>
/// A request's body, passed on at the rate of a limit. What has arrived stays in the server's buffer until it has its turn, so that the
/// server stops reading, and the flow control of TCP or HTTP/2 slows the client: a limit costs no memory beyond that buffer. An upload
/// takes its turn only for bytes that have arrived, so that a client that pauses takes nothing from others that share the limit.
/// </summary>
public sealed class PacedBodyReader : PipeReader, IDisposable
{
    private readonly LiveRateLimit _limit;
    private readonly RateLimitKey _key;
    private readonly PipeReader _inner;
    private readonly CancellationToken _clientGone;
    private RateLimit _current;
    private IPacer? _pacer;
    private long _unpaced;

    // Bytes at the beginning of what has arrived that have had their turn and have not been consumed yet.
    private long _granted;
    private ReadOnlySequence<byte> _given;
    private bool _wantsMore;

    /// <summary>Creates the reader of one upload.</summary>
    /// <param name="limit">The limit. A change applies from the next turn on, except that the initial burst remains the one from the start
    /// of the upload.</param>
    /// <param name="key">The client and route whose share of the limit the upload uses.</param>
    /// <param name="inner">The body, which still belongs to its owner.</param>
    /// <param name="clientGone">Ends the wait of a read that has no token of its own.</param>
    public PacedBodyReader(LiveRateLimit limit, in RateLimitKey key, PipeReader inner, CancellationToken clientGone)
    {
        _limit = limit;
        _key = key;
        _inner = inner;
        _clientGone = clientGone;
        _pacer = limit.Begin(key, out _current);
        _unpaced = limit.SharesBurst ? 0 : _current.InitialBurst;
    }

    /// <summary>
    /// Puts the readers of all limits that apply to an upload on top of its body. Shared limits come last, as in
    /// <see cref="PacedOutput"/>, so that bytes granted by a shared limit leave at once.
    /// </summary>
    /// <param name="own">The limits of the route's uploads.</param>
    /// <param name="all">The limits of uploads to all routes; null: there are none.</param>
    /// <param name="facts">The request.</param>
    /// <param name="key">The client and route of the request.</param>
    /// <param name="body">The body.</param>
    /// <param name="clientGone">Ends the wait of a read that has no token of its own.</param>
    /// <returns>The last reader; null: no limit applies.</returns>
    public static PacedBodyReader? Create(
        LimitIndex own, LimitIndex? all, in BodyFacts facts, in RateLimitKey key, PipeReader body, CancellationToken clientGone)
    {
        PacedBodyReader? last = null;
        using var met = new MetLimits(own, all, facts, stackalloc int[MetLimits.Usual]);
        // Before the first one begins: what has begun would have to be ended.
        met.RefuseIfLost();
        for (var i = 0; i < met.Count; i++) last = new(met[i], key, last ?? body, clientGone);
        return last;
    }

    /// <summary>Whether what it gives is large enough to be worth leaving in the system (<see cref="KernelPipe"/>).</summary>
    public bool PassesUnread =>
        (_pacer is null || _pacer.WriteSize >= KernelPipe.LeastBlock) && (_inner as PacedBodyReader)?.PassesUnread != false;

    /// <inheritdoc/>
    /// <exception cref="IOException">The client has left during the wait for a turn, and the read has no token of its own.</exception>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (_current != _limit.Limit) GoByNewLimit();
        return _pacer is null && _granted == 0 ? _inner.ReadAsync(cancellationToken) : ReadPacedAsync(cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> ReadPacedAsync(CancellationToken cancellationToken)
    {
        var read = await _inner.ReadAsync(cancellationToken).ConfigureAwait(false);
        var arrived = read.Buffer.Length;
        try
        {
            while (arrived > _granted && (_granted == 0 || _wantsMore)) await TakeTurnAsync(arrived - _granted, cancellationToken)
                .ConfigureAwait(false);
        }
        catch
        {
            // An unfinished read would keep the server from reading the rest of the request.
            _inner.AdvanceTo(read.Buffer.Start);
            throw;
        }
        return Give(read);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask TakeTurnAsync(long left, CancellationToken cancellationToken)
    {
        var size = (int)Math.Min(left, _unpaced > 0 ? _unpaced : _pacer?.WriteSize ?? int.MaxValue);
        if (_unpaced == 0 && _pacer is { } pacer)
        {
            var token = cancellationToken.CanBeCanceled ? cancellationToken : _clientGone;
            try
            {
                if (!await pacer.PaceAsync(size, token).ConfigureAwait(false))
                {
                    GoByNewLimit();
                    return;
                }
            }
            catch (OperationCanceledException cancelled) when (!cancellationToken.CanBeCanceled)
            {
                throw new IOException("the client left while it waited for its turn under an upload's rate limit", cancelled);
            }
        }
        _unpaced = Math.Max(0, _unpaced - size);
        _granted += size;
        _wantsMore = false;
    }

    private ReadResult Give(in ReadResult read)
    {
        var isWhole = read.Buffer.Length <= _granted;
        if (isWhole && read.IsCompleted) EndPacing();
        _given = isWhole ? read.Buffer : read.Buffer.Slice(0, _granted);
        return new(_given, read.IsCanceled, isWhole && read.IsCompleted);
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        result = default;
        if (_current != _limit.Limit) GoByNewLimit();
        if (_pacer is null && _granted == 0) return _inner.TryRead(out result);
        // Whoever needs more has to wait for a turn.
        if (_granted == 0 || _wantsMore || !_inner.TryRead(out result)) return false;
        result = Give(result);
        return true;
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_granted > 0)
        {
            var count = _given.Slice(_given.Start, consumed).Length;
            _wantsMore = count < _given.Length && _given.Slice(examined).IsEmpty;
            _granted -= count;
            _given = default;
        }
        _inner.AdvanceTo(consumed, examined);
    }

    /// <inheritdoc/>
    public override void CancelPendingRead() => _inner.CancelPendingRead();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => _inner.Complete(exception);

    /// <summary>
    /// Gives back its share of the limit, and makes the readers below it do the same. The body still belongs to its owner.
    /// </summary>
    public void Dispose()
    {
        EndPacing();
        (_inner as PacedBodyReader)?.Dispose();
    }

    private void GoByNewLimit()
    {
        EndPacing();
        _pacer = _limit.Begin(_key, out _current);
    }

    private void EndPacing()
    {
        if (_pacer is not null) _limit.End(_pacer);
        _pacer = null;
    }
}
