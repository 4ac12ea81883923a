using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.Hosting;

/// <summary>A connection that returns its place only when its socket is closed: a descriptor that is still open is not free.</summary>
internal sealed class CountedConnection(ConnectionContext connection, ConnectionGate gate) : ConnectionContext
{
    private int _disposed;

    /// <inheritdoc/>
    public override string ConnectionId
    {
        get => connection.ConnectionId;
        set => connection.ConnectionId = value;
    }

    /// <inheritdoc/>
    public override IFeatureCollection Features => connection.Features;

    /// <inheritdoc/>
    public override IDictionary<object, object?> Items
    {
        get => connection.Items;
        set => connection.Items = value;
    }

    /// <inheritdoc/>
    public override IDuplexPipe Transport
    {
        get => connection.Transport;
        set => connection.Transport = value;
    }

    /// <inheritdoc/>
    public override CancellationToken ConnectionClosed
    {
        get => connection.ConnectionClosed;
        set => connection.ConnectionClosed = value;
    }

    /// <inheritdoc/>
    public override EndPoint? LocalEndPoint
    {
        get => connection.LocalEndPoint;
        set => connection.LocalEndPoint = value;
    }

    /// <inheritdoc/>
    public override EndPoint? RemoteEndPoint
    {
        get => connection.RemoteEndPoint;
        set => connection.RemoteEndPoint = value;
    }

    /// <inheritdoc/>
    public override void Abort() => connection.Abort();

    /// <inheritdoc/>
    public override void Abort(ConnectionAbortedException abortReason) => connection.Abort(abortReason);

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        try { await connection.DisposeAsync(); }
        finally { gate.Leave(); }
    }
}
