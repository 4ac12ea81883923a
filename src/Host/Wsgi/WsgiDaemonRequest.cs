using System.Buffers;
using System.IO.Pipelines;
using DaemonProxy.Embedded;
using DaemonProxy.Events;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.Wsgi;

/// <summary>
/// A request at an application in a daemon process: what the application does goes straight to the front end's connection, from the request thread, each
/// block as it comes (PEP 3333, "Buffering and Streaming"); gathering them is the front end's relay's work.
/// </summary>
internal sealed class WsgiDaemonRequest(IFeatureCollection features, WorkerEvents events) : WsgiRequest
{
    private readonly PipeReader? _input = features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true ? features.GetRequiredFeature<IRequestBodyPipeFeature>().Reader : null;
    private readonly PipeWriter _output = features.GetRequiredFeature<IHttpResponseBodyFeature>().Writer;
    private readonly IHttpRequestLifetimeFeature _lifetime = features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
    private bool _hasWritten;

    /// <summary>Set when the application failed before it sent anything: the answer is the event's status.</summary>
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
        // A 304 says how long the response to a plain GET would be; a 204 may not (RFC 9110, section 8.6).
        if (status != StatusCodes.Status204NoContent) response.Headers.ContentLength = length;
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> block)
    {
        _hasWritten = true;
        _output.Write(block);
        Flush();
    }

    /// <inheritdoc/>
    public override void End()
    {
    }

    // Every block is flushed, the last one too: the server flushes nothing at the end of a response that has a length and whose head has left.
    private void Flush()
    {
        if (BlockingPipe.Flush(_output) || _lifetime.RequestAborted.IsCancellationRequested) throw new IOException("the client has left");
    }

    /// <inheritdoc/>
    public override void Abort(EventDefinition? cause, string detail)
    {
        if (cause is not null) events.Report(cause, detail, Method, Path);
        if (_hasWritten || cause is null) _lifetime.Abort();
        else Failure = cause;
    }

    /// <inheritdoc/>
    public override void Log(string text, bool isError) => events.Report(isError ? EventCatalogue.ApplicationError : EventCatalogue.ApplicationOutput, text, Method, Path);
}
