using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// Passes a Unix socket's connections on, each byte in both directions after a delay. It can drop what passes, as a firewall does that has
/// forgotten a connection: nobody is told, and the connection is of no use ever after.
/// </summary>
internal sealed class SlowSocketProxy : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly string _target;
    private readonly TimeSpan _delay;
    private readonly Task _accepting;
    private volatile bool _drops;

    public SlowSocketProxy(string path, string target, TimeSpan delay)
    {
        (_target, _delay) = (target, delay);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    /// <summary>Whether it drops all that passes. A connection that it has dropped something of stays dead; new ones pass later.</summary>
    public bool Drops
    {
        get => _drops;
        set => _drops = value;
    }

    private async Task AcceptAsync()
    {
        var passing = new List<Task>();
        try
        {
            while (true) passing.Add(PassAsync(await _listener.AcceptAsync(_end.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(passing);
        }
    }

    private async Task PassAsync(Socket client)
    {
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using var near = client;
        await server.ConnectAsync(new UnixDomainSocketEndPoint(_target));
        var isDead = new StrongBox<bool>();
        await Task.WhenAny(Task.WhenAll(CopyAsync(client, server, isDead)), Task.WhenAll(CopyAsync(server, client, isDead)));
    }

    private Task[] CopyAsync(Socket from, Socket to, StrongBox<bool> isDead)
    {
        var blocks = Channel.CreateUnbounded<(byte[] Block, DateTime Due)>();
        return [ReadAsync(), WriteAsync()];

        async Task ReadAsync()
        {
            var buffer = new byte[65_536];
            try
            {
                while (await from.ReceiveAsync(buffer, _end.Token) is > 0 and var count)
                {
                    if (_drops) isDead.Value = true;
                    if (!isDead.Value) blocks.Writer.TryWrite((buffer[..count], DateTime.UtcNow + _delay));
                }
            }
            catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException) { }
            blocks.Writer.TryComplete();
        }

        async Task WriteAsync()
        {
            try
            {
                await foreach (var (block, due) in blocks.Reader.ReadAllAsync(_end.Token))
                {
                    if (due - DateTime.UtcNow is { Ticks: > 0 } wait) await Task.Delay(wait, _end.Token);
                    await to.SendAsync(block, _end.Token);
                }
            }
            catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException) { }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _end.Dispose();
    }
}
