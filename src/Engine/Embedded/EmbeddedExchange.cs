using System.IO.Pipelines;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using DaemonProxy.Relay;

namespace DaemonProxy.Embedded;

/// <summary>
/// A request to an embedded application. The response goes through a pipe, and from there takes the same path as a daemon's response:
/// relay, pacing, core output. The pipe's limit is how far the application may get ahead of the client.
/// </summary>
public sealed class EmbeddedExchange : WsgiRequest, IAsyncDisposable
{
    // The most bytes in one piece, and of a whole response. A thread gets as far ahead of its client before it waits.
    private const int MostAhead = 131_072;

    private readonly PipeReader? _request;
    private readonly bool _isHead;
    private readonly EventLog _log;
    private readonly Pipe _pipe = new(
        new PipeOptions(pauseWriterThreshold: MostAhead, resumeWriterThreshold: MostAhead / 2, useSynchronizationContext: false));
    private readonly PipeBody _response;
    private readonly TaskCompletionSource<ResponseHead> _head = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IOException? _requestFailure;

    /// <summary>Creates the exchange.</summary>
    /// <param name="body">The request's body; null when it has none.</param>
    /// <param name="isHead">Whether the request is a HEAD.</param>
    /// <param name="log">The log that receives its events.</param>
    /// <param name="time">The relay's clock.</param>
    public EmbeddedExchange(PipeReader? body, bool isHead, EventLog log, TimeProvider time)
    {
        _request = body;
        _isHead = isHead;
        _log = log;
        _response = new PipeBody(_pipe.Reader, time);
    }

    /// <summary>Completes with the response's head; fails with <see cref="BrokenResponseException"/> when there is none.</summary>
    public Task<ResponseHead> Head => _head.Task;

    /// <summary>The response's body.</summary>
    public IResponseBody Body => _response;

    /// <inheritdoc/>
    public override int Read(Memory<byte> buffer, bool fill)
    {
        if (_request is null) return 0;
        try { return BlockingPipe.Read(_request, buffer, fill, this); }
        catch (IOException failure)
        {
            // The server knows what was wrong with the request: too long, too slow, or cut off.
            _requestFailure = failure;
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Start(int status, string reason, IReadOnlyList<KeyValuePair<string, string>> headers, long? length) =>
        _head.TrySetResult(ResponseHead.Create(status, reason, headers, length, _isHead));

    /// <inheritdoc/>
    public override void Write(ReadOnlyMemory<byte> block)
    {
        while (!block.IsEmpty)
        {
            var piece = block.Span[..Math.Min(block.Length, MostAhead)];
            block = block[piece.Length..];
            Copy(piece);
            if (BlockingPipe.Flush(_pipe.Writer)) throw new IOException("the client has left");
        }
    }

    // In one piece, whatever its size: the relay sends what lies together at once.
    private void Copy(ReadOnlySpan<byte> piece)
    {
        piece.CopyTo(_pipe.Writer.GetSpan(piece.Length));
        _pipe.Writer.Advance(piece.Length);
    }

    /// <inheritdoc/>
    public override void Answer(
        int status, string reason, IReadOnlyList<KeyValuePair<string, string>> headers, ReadOnlyMemory<byte> block)
    {
        if (block.Length > MostAhead)
        {
            base.Answer(status, reason, headers, block);
            return;
        }
        // The relay finds head, body and end in one, and sends them so; the thread is free for the next request.
        if (!block.IsEmpty) Copy(block.Span);
        _pipe.Writer.Complete();
        Start(status, reason, headers, block.Length);
    }

    /// <inheritdoc/>
    public override void End() => _pipe.Writer.Complete();

    /// <inheritdoc/>
    public override void Abort(EventDefinition? cause, string detail)
    {
        Exception broken = cause is not null ? new BrokenResponseException(cause, detail)
            : _requestFailure is { } failure ? BodyTimeoutException.Broken(failure)
            : new OperationCanceledException();
        _head.TrySetException(broken);
        _response.Break(broken);
        _pipe.Writer.Complete();
    }

    /// <inheritdoc/>
    public override void Log(string text, bool isError) =>
        _log.Write(isError ? EventCatalogue.ApplicationError : EventCatalogue.ApplicationOutput, text,
            ("method", Method), ("path", Path));

    /// <summary>Ends the exchange once the application is done: until then it reads the request.</summary>
    public async ValueTask DisposeAsync()
    {
        await _pipe.Reader.CompleteAsync().ConfigureAwait(false);
        await Done.ConfigureAwait(false);
        _response.Dispose();
    }
}
