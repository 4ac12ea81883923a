using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using DaemonProxy.Host.Hosting;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>
/// A client's connection as far as <see cref="ClientSocketWriter"/> needs it, over a real pair of sockets whose buffers are
/// as small as the system lets them be.
/// </summary>
internal sealed class ClientConnection : ConnectionContext
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly Pipe _input = new();
    private readonly TaskCompletionSource<Exception?> _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ClientConnection(Socket server, Socket client)
    {
        Server = server;
        Client = client;
        var writer = new ClientSocketWriter(server, this, _completed.SetResult);
        Features.Set<IBlockLender>(writer);
        Transport = new Duplex(_input.Reader, writer);
    }

    /// <summary>Makes one over TCP.</summary>
    public static async Task<ClientConnection> CreateAsync()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendBufferSize = 1, ReceiveBufferSize = 1 };
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return await CreateAsync(listener, new Socket(SocketType.Stream, ProtocolType.Tcp));
    }

    /// <summary>Makes one over a Unix socket.</summary>
    public static async Task<ClientConnection> CreateUnixAsync()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        try { return await CreateAsync(listener, new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)); }
        finally { File.Delete(path); }
    }

    private static async Task<ClientConnection> CreateAsync(Socket listener, Socket client)
    {
        listener.Listen();
        client.ReceiveBufferSize = 1;
        await client.ConnectAsync(listener.LocalEndPoint!);
        var server = await listener.AcceptAsync();
        server.SendBufferSize = 1;
        if (server.AddressFamily != AddressFamily.Unix) server.NoDelay = true;
        return new(server, client);
    }

    public Socket Server { get; }

    public Socket Client { get; }

    public PipeWriter Writer => Transport.Output;

    public IBlockLender Lender => Features.Get<IBlockLender>()!;

    /// <summary>Why it was broken off, each time.</summary>
    public List<ConnectionAbortedException> Aborts { get; } = [];

    /// <summary>Ends when the writer is completed and all has been sent, with the reason.</summary>
    public Task<Exception?> Completed => _completed.Task;

    /// <summary>Reads so many bytes as the client.</summary>
    public async Task<byte[]> ReadAsync(int count)
    {
        var bytes = new byte[count];
        using var limit = new CancellationTokenSource(Limit);
        for (var at = 0; at < count;)
        {
            var read = await Client.ReceiveAsync(bytes.AsMemory(at), limit.Token);
            Assert.True(read > 0, $"the connection ended after {at} of {count} bytes");
            at += read;
        }
        return bytes;
    }

    /// <summary>Closes the client's side by a reset.</summary>
    public void Reset()
    {
        Client.LingerState = new LingerOption(enable: true, seconds: 0);
        Client.Dispose();
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        lock (Aborts) Aborts.Add(abortReason);
        Server.Dispose();
    }

    public override async ValueTask DisposeAsync()
    {
        Server.Dispose();
        Client.Dispose();
        await base.DisposeAsync();
    }

    public override IDuplexPipe Transport { get; set; }

    public override string ConnectionId { get; set; } = "1";

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
