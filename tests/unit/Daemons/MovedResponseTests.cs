using System.Net.Sockets;
using System.Text;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using DaemonProxy.Platform;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Daemons;

/// <summary>
/// A large response whose blocks stay inside the system is the same response: its bytes, its end, its break, and what comes after it.
/// </summary>
public sealed class MovedResponseTests
{
    private const int Large = 4_000_000;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();

    public MovedResponseTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux has splice(2)");

    [Theory]
    [InlineData(false, "length", true)]
    [InlineData(true, "length", true)]
    [InlineData(true, "close", true)]
    [InlineData(true, "chunked", true)]
    [InlineData(true, "length", false)]
    public async Task Bytes_are_those_that_were_sent(bool unix, string framing, bool mayStayUnread)
    {
        using var pair = await SocketPair.CreateAsync(unix);
        using var connection = Connect(pair);
        var body = Bytes(Large);
        var sending = SendAsync(pair.Far, Response(framing, body), closes: framing == "close");
        var (received, moved) = await ReadAsync(connection, mayStayUnread);
        await sending;
        Assert.True(received.AsSpan().SequenceEqual(body));
        if (mayStayUnread && framing != "chunked") Assert.InRange(moved, 1, Large);
        else Assert.Equal(0, moved);
        Assert.Equal(framing != "close", connection.Reusable);
    }

    [Fact]
    public async Task Response_after_it_is_whole()
    {
        using var pair = await SocketPair.CreateAsync(unix: true);
        var budget = new ConnectionBudget(null);
        using var connection = Connect(pair, budget);
        var (first, second) = (Bytes(Large), Bytes(Large + 1));
        var sending = SendAsync(pair.Far, Response("length", first));
        Assert.True((await ReadAsync(connection)).Bytes.AsSpan().SequenceEqual(first));
        Assert.Equal(2, budget.Open);
        await sending;
        connection.Rest();
        Assert.Equal(0, budget.Open);
        sending = SendAsync(pair.Far, Response("length", second));
        Assert.True((await ReadAsync(connection)).Bytes.AsSpan().SequenceEqual(second));
        await sending;
    }

    [Theory]
    [InlineData(700_000)]
    [InlineData(Large - 1)]
    public async Task Break_is_told_after_the_bytes_before_it(int sent)
    {
        using var pair = await SocketPair.CreateAsync(unix: true);
        using var connection = Connect(pair);
        var body = Bytes(Large);
        var whole = Response("length", body);
        var sending = SendAsync(pair.Far, whole.AsMemory(0, whole.Length - Large + sent), closes: true);
        var received = new MemoryStream();
        var broken = await Assert.ThrowsAsync<BrokenResponseException>(async () => await ReadAsync(connection, into: received));
        await sending;
        Assert.Equal(EventCatalogue.BodyReadError, broken.Reason);
        Assert.True(received.ToArray().AsSpan().SequenceEqual(body.AsSpan(0, sent)));
        Assert.False(connection.Reusable);
    }

    /// <summary>What comes in small pieces after much is received in the ordinary way, and comes at once.</summary>
    [Fact]
    public async Task Trickle_after_much_arrives_byte_by_byte()
    {
        using var pair = await SocketPair.CreateAsync(unix: true);
        using var connection = Connect(pair);
        var body = Bytes(Large);
        var whole = Response("length", body);
        var sending = SendAsync(pair.Far, whole.AsMemory(0, whole.Length - 20));
        var received = new MemoryStream();
        await connection.ReadHeadAsync(toHead: false, goAhead: null, CancellationToken.None);
        while (received.Length < Large - 20) await ReadBlockAsync(connection, received);
        await sending;
        for (var left = 20; left > 0; left--)
        {
            Assert.False(connection.TryRead(out _));
            await pair.Far.SendAsync(whole.AsMemory(whole.Length - left, 1));
            var (isMoved, ends) = await ReadBlockAsync(connection, received);
            Assert.Equal(left == 1, ends);
            // The first of them is still waited for where the blocks before it were.
            if (left < 20) Assert.False(isMoved);
        }
        Assert.True(received.ToArray().AsSpan().SequenceEqual(body));
    }

    /// <summary>A client that takes long for a block makes the daemon wait, instead of filling the system's memory.</summary>
    [Fact]
    public async Task Slow_client_gets_small_blocks()
    {
        using var pair = await SocketPair.CreateAsync(unix: true);
        using var connection = Connect(pair);
        var body = Bytes(Large);
        var sending = SendAsync(pair.Far, Response("length", body));
        var received = new MemoryStream();
        await connection.ReadHeadAsync(toHead: false, goAhead: null, CancellationToken.None);
        while (!(await ReadBlockAsync(connection, received)).IsMoved) Assert.InRange(received.Length, 0, Large / 2);
        _time.Advance(TimeSpan.FromMilliseconds(101));
        var before = received.Length;
        var (isMoved, _) = await ReadBlockAsync(connection, received);
        Assert.False(isMoved);
        Assert.InRange(received.Length - before, 1, 4096);
        // And one that is fast again gets large ones again.
        while (!(await ReadBlockAsync(connection, received)).IsMoved) Assert.InRange(received.Length, 0, Large - 1);
        bool ends;
        do (_, ends) = await ReadBlockAsync(connection, received);
        while (!ends);
        await sending;
        Assert.True(received.ToArray().AsSpan().SequenceEqual(body));
    }

    [Fact]
    public async Task Without_descriptors_it_comes_in_the_ordinary_way()
    {
        using var pair = await SocketPair.CreateAsync(unix: true);
        var budget = new ConnectionBudget(1);
        using var connection = Connect(pair, budget);
        var body = Bytes(Large);
        var sending = SendAsync(pair.Far, Response("length", body));
        var (received, moved) = await ReadAsync(connection);
        await sending;
        Assert.True(received.AsSpan().SequenceEqual(body));
        Assert.Equal(0, moved);
        Assert.Equal(0, budget.Open);
    }

    /// <summary>Without a length only the connection's orderly end is the body's.</summary>
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Reset_is_no_end(bool unix, bool mayStayUnread)
    {
        using var pair = await SocketPair.CreateAsync(unix);
        using var connection = Connect(pair);
        // The rest of a request that the daemon has not read: its end is then a reset.
        await pair.Near.SendAsync(new byte[100]);
        var sending = SendAsync(pair.Far, Response("close", Bytes(Large)));
        var received = new MemoryStream();
        await connection.ReadHeadAsync(toHead: false, goAhead: null, CancellationToken.None);
        var isMoved = false;
        while (received.Length < Large) (isMoved, _) = await ReadBlockAsync(connection, received, mayStayUnread);
        await sending;
        Assert.Equal(mayStayUnread, isMoved);
        pair.Far.LingerState = new LingerOption(true, 0);
        pair.Far.Dispose();
        var broken = await Assert.ThrowsAsync<BrokenResponseException>(() => ReadBlockAsync(connection, received, mayStayUnread));
        Assert.Equal(EventCatalogue.BodyReadError, broken.Reason);
    }

    /// <summary>The body of a request that breaks off closes the connection on another thread, at any moment.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Connection_that_is_closed_meanwhile_breaks_the_response_off(bool inBody)
    {
        using var pair = await SocketPair.CreateAsync(unix: true);
        var connection = Connect(pair);
        if (inBody)
        {
            await SendAsync(pair.Far, Response("length", Bytes(10)).AsMemory(..^5));
            await connection.ReadHeadAsync(toHead: false, goAhead: null, CancellationToken.None);
            await ReadBlockAsync(connection, new MemoryStream());
        }
        connection.Dispose();
        var broken = inBody
            ? await Assert.ThrowsAsync<BrokenResponseException>(() => ReadBlockAsync(connection, new MemoryStream()))
            : (await Assert.ThrowsAsync<NothingCameException>(
                () => connection.ReadHeadAsync(toHead: false, goAhead: null, CancellationToken.None).AsTask())).Reason;
        Assert.Equal(inBody ? EventCatalogue.BodyReadError : EventCatalogue.HeadReadError, broken.Reason);
    }

    private DaemonConnection Connect(SocketPair pair, ConnectionBudget? budget = null) =>
        new(pair.Near, new DaemonLimits(Limit, 8192), _time, budget);

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Response(string framing, byte[] body)
    {
        var head = framing switch
        {
            "length" => $"Content-Length: {body.Length}\r\n\r\n",
            "chunked" => $"Transfer-Encoding: chunked\r\n\r\n{body.Length:x}\r\n",
            _ => "Connection: close\r\n\r\n",
        };
        return [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\n{head}"), .. body,
            .. framing == "chunked" ? "\r\n0\r\n\r\n"u8.ToArray() : []];
    }

    private static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes, bool closes = false)
    {
        while (!bytes.IsEmpty) bytes = bytes[await socket.SendAsync(bytes).AsTask().WaitAsync(Limit)..];
        if (closes) socket.Shutdown(SocketShutdown.Send);
    }

    private static async Task<(byte[] Bytes, int Moved)> ReadAsync(
        DaemonConnection connection, bool mayStayUnread = true, MemoryStream? into = null)
    {
        into ??= new MemoryStream();
        await connection.ReadHeadAsync(toHead: false, goAhead: null, CancellationToken.None);
        var moved = 0;
        while (true)
        {
            var (isMoved, ends) = await ReadBlockAsync(connection, into, mayStayUnread);
            if (isMoved) moved++;
            if (ends) return (into.ToArray(), moved);
        }
    }

    private static async Task<(bool IsMoved, bool Ends)> ReadBlockAsync(
        DaemonConnection connection, MemoryStream into, bool mayStayUnread = true)
    {
        while (true)
        {
            connection.MayStayUnread = mayStayUnread;
            if (connection.TryRead(out var block))
            {
                var isMoved = KernelPipe.TryFind(block.Data, out _, out _);
                into.Write(block.Data.Span);
                return (isMoved, block.End);
            }
            // The fake clock stands still: only bytes end the wait.
            Assert.True(await connection.WaitAsync(Limit, CancellationToken.None).AsTask().WaitAsync(Limit));
        }
    }
}
