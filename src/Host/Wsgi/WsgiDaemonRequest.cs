using System.IO.Pipelines;
using DaemonProxy.Embedded;
using DaemonProxy.Events;
using DaemonProxy.Host.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.Wsgi;

/// <summary>
/// A request to an application in a daemon process. The request thread writes each block of the application directly to the front end's
/// connection as it comes (PEP 3333, "Buffering and Streaming"); the front end's relay gathers the blocks.
/// </summary>
internal sealed class WsgiDaemonRequest(HttpExchange exchange, WorkerEvents events) : WsgiRequest(finishesOnThread: true)
{
    // A block that is sent with the head, or in chunks, is copied; one of this size fits into the socket at once.
    private const int LargestCopy = 131_072;

    private readonly PipeReader? _input = exchange.CanHaveBody
        ? exchange.Find<IRequestBodyPipeFeature>()!.Reader : null;
    private ResponseClient? _frontEnd;
    private bool _hasWritten;

    /// <summary>Set when the application failed before it sent anything; the response then has the event's status.</summary>
    public EventDefinition? Failure { get; private set; }

    /// <inheritdoc/>
    public override int Read(Memory<byte> buffer, bool fill) => _input is null ? 0 : BlockingPipe.Read(_input, buffer, fill, this);

    /// <inheritdoc/>
    public override void Start(int status, string reason, IReadOnlyList<KeyValuePair<string, string>> headers, long? length)
    {
        var response = exchange.Response;
        response.StatusCode = status;
        response.ReasonPhrase = reason;
        foreach (var (name, value) in headers) response.Headers.Append(name, value);
        // A 304 states how long the response to a plain GET would be; a 204 must not (RFC 9110, section 8.6).
        if (status != StatusCodes.Status204NoContent) response.Headers.ContentLength = length;
        var request = exchange.Request;
        var hasBody = status is not (
            StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified)
            && request.Method != "HEAD";
        var chunked = hasBody && length is null && request.Protocol == "HTTP/1.1";
        if (chunked) response.Headers.TransferEncoding = "chunked";
        _frontEnd = new(exchange, chunked);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Every block is flushed, including the last one: at the end of a response that has a length and whose head has been sent, the server
    /// flushes nothing.
    /// </remarks>
    public override void Write(ReadOnlyMemory<byte> block)
    {
        _hasWritten = true;
        while (!block.IsEmpty)
        {
            // What cannot be sent from where it is, is copied, and not all at once.
            var piece = _frontEnd!.SendsInPlace ? block : block[..Math.Min(block.Length, LargestCopy)];
            block = block[piece.Length..];
            Finish(_frontEnd.SendAsync(piece));
        }
    }

    /// <inheritdoc/>
    public override void Answer(
        int status, string reason, IReadOnlyList<KeyValuePair<string, string>> headers, ReadOnlyMemory<byte> block)
    {
        if (block.Length > LargestCopy)
        {
            base.Answer(status, reason, headers, block);
            return;
        }
        Start(status, reason, headers, block.Length);
        _hasWritten = !block.IsEmpty;
        Finish(_frontEnd!.EndAsync(block, []));
    }

    private void Finish(ValueTask<FlushResult> send)
    {
        if (BlockingPipe.Wait(send).IsCompleted || exchange.Lifetime.RequestAborted.IsCancellationRequested)
            throw new IOException("the client has left");
    }

    /// <inheritdoc/>
    public override void End() => BlockingPipe.Wait(_frontEnd!.EndAsync(default, []));

    /// <inheritdoc/>
    public override void Abort(EventDefinition? cause, string detail)
    {
        if (cause is not null) events.Report(cause, detail, Method, Path);
        if (_hasWritten || cause is null) (_frontEnd ?? new(exchange, chunked: false)).Abort();
        else Failure = cause;
    }

    /// <inheritdoc/>
    public override void Log(string text, bool isError) =>
        events.Report(isError ? EventCatalogue.ApplicationError : EventCatalogue.ApplicationOutput, text, Method, Path);
}
