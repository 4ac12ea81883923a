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
internal sealed class WsgiDaemonRequest(IFeatureCollection features, WorkerEvents events) : WsgiRequest
{
    private readonly PipeReader? _input = features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true
        ? features.GetRequiredFeature<IRequestBodyPipeFeature>().Reader : null;
    private readonly IHttpRequestLifetimeFeature _lifetime = features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
    private ResponseClient? _frontEnd;
    private bool _hasWritten;

    /// <summary>Set when the application failed before it sent anything; the response then has the event's status.</summary>
    public EventDefinition? Failure { get; private set; }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer) => _input is null ? 0 : BlockingPipe.Read(_input, buffer);

    /// <inheritdoc/>
    public override void Start(int status, string reason, IReadOnlyList<KeyValuePair<string, string>> headers, long? length)
    {
        var response = features.GetRequiredFeature<IHttpResponseFeature>();
        response.StatusCode = status;
        response.ReasonPhrase = reason;
        foreach (var (name, value) in headers) response.Headers.Append(name, value);
        // A 304 states how long the response to a plain GET would be; a 204 must not (RFC 9110, section 8.6).
        if (status != StatusCodes.Status204NoContent) response.Headers.ContentLength = length;
        var request = features.GetRequiredFeature<IHttpRequestFeature>();
        var hasBody = status is not (
            StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified)
            && request.Method != "HEAD";
        var chunked = hasBody && length is null && request.Protocol == "HTTP/1.1";
        if (chunked) response.Headers.TransferEncoding = "chunked";
        _frontEnd = new(features, chunked);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Every block is flushed, including the last one: at the end of a response that has a length and whose head has been sent, the server
    /// flushes nothing.
    /// </remarks>
    public override void Write(ReadOnlySpan<byte> block)
    {
        _hasWritten = true;
        _frontEnd!.Write(block);
        if (BlockingPipe.Wait(_frontEnd.SendAsync(default)).IsCompleted || _lifetime.RequestAborted.IsCancellationRequested)
            throw new IOException("the client has left");
    }

    /// <inheritdoc/>
    public override void End() => BlockingPipe.Wait(_frontEnd!.EndAsync(default, []));

    /// <inheritdoc/>
    public override void Abort(EventDefinition? cause, string detail)
    {
        if (cause is not null) events.Report(cause, detail, Method, Path);
        if (_hasWritten || cause is null) (_frontEnd ?? new(features, chunked: false)).Abort();
        else Failure = cause;
    }

    /// <inheritdoc/>
    public override void Log(string text, bool isError) =>
        events.Report(isError ? EventCatalogue.ApplicationError : EventCatalogue.ApplicationOutput, text, Method, Path);
}
