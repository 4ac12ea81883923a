using System.Buffers;
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
    private readonly PipeReader? _request;
    private readonly bool _isHead;
    private readonly EventLog _log;
    private readonly Pipe _pipe = new(
        new PipeOptions(pauseWriterThreshold: 65_536, resumeWriterThreshold: 32_768, useSynchronizationContext: false));
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
    public override int Read(Span<byte> buffer)
    {
        if (_request is null) return 0;
        try { return BlockingPipe.Read(_request, buffer); }
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
    public override void Write(ReadOnlySpan<byte> block)
    {
        _pipe.Writer.Write(block);
        if (BlockingPipe.Flush(_pipe.Writer)) throw new IOException("the client has left");
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
