using System.IO.Pipelines;
using DaemonProxy.Events;

namespace DaemonProxy.Relay;

/// <summary>
/// A daemon's response that is read ahead of its client (<c>response-spool</c>): the daemon finishes as fast as it can and is free for
/// other requests, even while the client is paced or slow.
/// <code>
///   daemon -(1) as fast as it sends-> SpoolBuffer (memory, then file) -(2) as fast as the chain takes it-> relay
/// </code>
/// The relay sees the same as it would see of the daemon itself. The body is dry when the daemon is dry and nothing is spooled, so the
/// flush policy still applies. When the daemon breaks off, the relay sees the break after everything that arrived before it.
/// </summary>
public sealed class SpooledBody : IResponseBody, IAsyncDisposable
{
    // As in the relay: a daemon that always has more to send would occupy the thread of its sockets.
    private const long LongestTurn = 1 << 20;

    private readonly IResponseBody _source;
    private readonly SpoolBuffer _buffer;
    private readonly TimeSpan _sourceTimeout;
    private readonly Func<ValueTask> _sourceEnded;
    private readonly CancellationTokenSource _stop = new();
    private readonly PipeScheduler? _others;
    private readonly Task _run;

    /// <summary>Begins to read the source.</summary>
    /// <param name="source">The daemon's response.</param>
    /// <param name="size">How far the response is read ahead.</param>
    /// <param name="sourceTimeout">The longest time for which the source may stay silent while it is read.</param>
    /// <param name="time">The clock.</param>
    /// <param name="sourceEnded">Called once, when the source has been read to its end or has broken off and can be given back.</param>
    /// <param name="failed">Called when the file cannot be written; only memory is then used for reading ahead.</param>
    /// <param name="others">Where the reading of the source goes on after it has waited for room; null: on the thread pool.</param>
    public SpooledBody(
        IResponseBody source, SpoolSize size, TimeSpan sourceTimeout, TimeProvider time, Func<ValueTask> sourceEnded,
        Action<Exception>? failed, PipeScheduler? others = null)
    {
        _others = others;
        _source = source;
        _buffer = new SpoolBuffer(size, time, failed, others);
        _sourceTimeout = sourceTimeout;
        _sourceEnded = sourceEnded;
        _run = RunAsync();
    }

    /// <inheritdoc/>
    public IReadOnlyList<KeyValuePair<string, string>> Trailers { get; private set; } = [];

    /// <inheritdoc/>
    public bool TryRead(out BodyBlock block)
    {
        try
        {
            var found = _buffer.TryRead(out var data, out var end);
            block = new(data, end);
            return found;
        }
        catch (SpoolException failure)
        {
            throw new BrokenResponseException(EventCatalogue.SpoolFailed, failure.Message, failure);
        }
    }

    /// <inheritdoc/>
    public long? CameAt => _buffer.CameAt;

    /// <inheritdoc/>
    public ValueTask<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken) => _buffer.WaitAsync(limit, cancellationToken);

    private async Task RunAsync()
    {
        Exception? failure = null;
        try
        {
            await ReadAsync().ConfigureAwait(false);
            Trailers = _source.Trailers;
        }
        catch (Exception broken)
        {
            failure = broken;
        }
        await _sourceEnded().ConfigureAwait(false);
        _buffer.Complete(failure);
    }

    private async ValueTask ReadAsync()
    {
        var turn = 0L;
        while (true)
        {
            if (!_source.TryRead(out var block))
            {
                turn = 0;
                if (!await _source.WaitAsync(_sourceTimeout, _stop.Token).ConfigureAwait(false) && !_source.AwaitsRequest)
                    throw new BrokenResponseException(
                        EventCatalogue.BodyReadTimeout,
                        $"the daemon sent nothing for {_sourceTimeout.TotalSeconds:0.###} s in the middle of its response");
                continue;
            }
            await _buffer.WriteAsync(block.Data, _stop.Token).ConfigureAwait(false);
            if (block.End) return;
            turn += block.Data.Length;
            if (turn <= LongestTurn) continue;
            turn = 0;
            if (_others is null) await Task.Yield();
            else await new OthersTurn(_others);
            _stop.Token.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Stops reading and frees what is spooled.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _run.ConfigureAwait(false);
        await _buffer.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }
}
