using System.IO.Pipelines;
using DaemonProxy.Host.Hosting;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Tests.Host;

/// <summary>As much of a server's request as a response's client needs, over a writer.</summary>
internal sealed class WriterFeatures : FeatureCollection, IHttpResponseBodyFeature
{
    private readonly Func<CancellationToken, Task>? _start;

    private WriterFeatures(PipeWriter writer, Func<CancellationToken, Task>? start)
    {
        Writer = writer;
        _start = start;
        Set<IHttpResponseBodyFeature>(this);
    }

    /// <inheritdoc/>
    public PipeWriter Writer { get; }

    /// <inheritdoc/>
    public Stream Stream => Writer.AsStream();

    /// <summary>A response's client whose bytes go to a writer.</summary>
    public static ResponseClient ClientOf(
        PipeWriter writer, bool chunked = false, IBlockLender? lender = null, Func<CancellationToken, Task>? start = null)
    {
        var features = new WriterFeatures(writer, start);
        if (lender is not null) features.Set(lender);
        return new(new HttpExchange(features), chunked);
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken = default) => _start?.Invoke(cancellationToken) ?? Task.CompletedTask;

    /// <inheritdoc/>
    public Task CompleteAsync() => Task.CompletedTask;

    /// <inheritdoc/>
    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <inheritdoc/>
    public void DisableBuffering()
    {
    }
}
