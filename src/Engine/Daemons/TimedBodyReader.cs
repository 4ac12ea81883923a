using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using DaemonProxy.Events;
using DaemonProxy.Relay;
using DaemonProxy.Timing;

namespace DaemonProxy.Daemons;

/// <summary>
/// A client's request body, each piece of which has to arrive within <c>client-body-timeout</c>. The timeout limits each single wait, not
/// the rate, so that a slow client that keeps sending is served. It ends only this body, so that other requests on the same HTTP/2
/// connection are not affected. Dispose of it when nobody reads any more.
/// </summary>
/// <param name="inner">The body.</param>
/// <param name="limit">The longest wait, &gt; 0.</param>
/// <param name="time">The clock.</param>
/// <param name="broken">
/// Called at once when the client fails to deliver the body, before the reader is told: the rest of the body must not be taken for another
/// request. May be null.
/// </param>
public sealed class TimedBodyReader(PipeReader inner, TimeSpan limit, TimeProvider time, Action? broken = null) : PipeReader, IDisposable
{
    private TimedWait? _wait;

    /// <summary>Called once, when the body begins to be read; null: nobody has to know.</summary>
    public Action? Begins { get; set; }

    /// <inheritdoc/>
    /// <exception cref="BodyTimeoutException">The client sent nothing for that long.</exception>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (Begins is { } begins)
        {
            Begins = null;
            begins();
        }
        var read = inner.ReadAsync(cancellationToken);
        return read.IsCompletedSuccessfully ? read : FinishAsync(read);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> FinishAsync(ValueTask<ReadResult> read)
    {
        try
        {
            return await (read.IsCompleted ? read : WaitAsync(read)).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            broken?.Invoke();
            throw;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> read)
    {
        var awaiter = read.ConfigureAwait(false).GetAwaiter();
        _wait ??= new TimedWait(time);
        _wait.Reset();
        awaiter.UnsafeOnCompleted(_wait.Signal);
        if (await _wait.WaitAsync(limit).ConfigureAwait(false)) return awaiter.GetResult();
        inner.CancelPendingRead();
        await _wait.WaitAsync(Timeout.InfiniteTimeSpan).ConfigureAwait(false);
        var late = awaiter.GetResult();
        // Something may have arrived at this very moment.
        if (!late.IsCanceled || !late.Buffer.IsEmpty || late.IsCompleted) return late;
        inner.AdvanceTo(late.Buffer.Start);
        throw new BodyTimeoutException($"the client sent nothing for {limit.TotalSeconds:0.###} s");
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result) => inner.TryRead(out result);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

    /// <inheritdoc/>
    public override void CancelPendingRead() => inner.CancelPendingRead();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    /// <summary>Ends the timer. The body still belongs to its owner.</summary>
    public void Dispose() => _wait?.Dispose();
}

/// <summary>A client sent nothing for <c>client-body-timeout</c>.</summary>
/// <param name="message">The message, which says for how long.</param>
public sealed class BodyTimeoutException(string message) : IOException(message)
{
    /// <summary>Makes the exception for a request whose body could not be read, for whatever reason.</summary>
    public static BrokenResponseException Broken(Exception failure) =>
        new(failure switch
        {
            BodyTimeoutException => EventCatalogue.RequestBodyTimeout,
            SpoolException => EventCatalogue.SpoolFailed,
            _ => EventCatalogue.RequestBodyReadError,
        }, failure.Message, failure);
}
