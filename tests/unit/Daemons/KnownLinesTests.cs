using System.Net;
using System.Net.Sockets;
using System.Text;
using CsCheck;
using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using DaemonProxy.Platform;
using Xunit;

namespace DaemonProxy.Tests.Daemons;

/// <summary>Heads that come one after another on a connection are read as if each were the first.</summary>
public sealed class KnownLinesTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static readonly string[] Statuses =
        ["HTTP/1.1 200 OK", "", "HTTP/1.1 200 Ok", "HTTP/1.1 200 ", "HTTP/1.1 200", "HTTP/1.0 200 OK", "HTTP/1.1 404 Not Found", "HTTP/1.1 200 \xe9"];

    // Lines that differ as little as two lines can, and all that mean something to the reader.
    private static readonly string[] Lines =
    [
        "Server: a", "server: a", "Server: A", "Server:a", "Server:  a", "Server: a ", "Server:\ta", "Server: ", "Server:", "Server: a b",
        "Serve: ra", "Server: \xe9", "Server: \xe8", "Server: a\tb", "Server : a", " Server: a", "Server: a\x01", "Se\xe9ver: a", "S:a", ": a",
        "Content-Length: 5", "Content-Length: 6", "Content-Length: 5, 5", "Content-Length: 5,6", "Content-Length: +5", "Content-Length: ",
        "content-length: 5", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip", "Connection: keep-alive", "Connection: Keep-Alive",
        "Connection: close", "Connection: Server", "Connection: keep-alive, Server", "Connection: close, keep-alive", "Upgrade: h2c",
        "Keep-Alive: timeout=5", "TE: trailers", "Set-Cookie: a=1", "Set-Cookie: a=2",
        "X: " + new string('x', 128), "X: " + new string('x', 129), new string('n', 128) + ": x", new string('n', 129) + ": x",
    ];

    private static readonly Gen<string> Head = Gen.Select(
        Gen.Frequency((4, Gen.Const(Statuses[0])), (1, Gen.Int[0, Statuses.Length - 1].Select(i => Statuses[i]))),
        // The same lines in the same places, as from a real server, or any.
        Gen.Frequency((2, Gen.Int[0, 12].Select(count => Lines.Take(count).ToArray())), (3, Gen.Int[0, Lines.Length - 1].Select(i => Lines[i]).Array[0, 40])),
        (status, lines) => string.Join("\r\n", [status, .. lines, "", ""]));

    [Fact]
    public void Head_after_others_is_read_as_the_first_is() =>
        Gen.Select(Head, Gen.Frequency((5, Gen.Const(false)), (1, Gen.Const(true)))).Array[1, 8].Sample(heads =>
        {
            var known = new KnownHead(new());
            foreach (var (head, toHead) in heads)
            {
                // The same head twice finds all that can be found.
                for (var i = 0; i < 2; i++) Assert.Equal(Read(head, null, toHead), Read(head, known, toHead));
            }
        }, iter: 3_000);

    [Fact]
    public void Head_that_stays_the_same_is_not_read_again()
    {
        var head = $"HTTP/1.1 200 OK\r\nServer: {new string('a', 100)}\r\nContent-Length: 5\r\n\r\n";
        var known = new KnownHead(new());
        var first = Parse(head, known);
        Assert.Same(first, Parse(head, known));
        // A response to HEAD, one that differs in a byte, and interim responses do not take its place for a moment.
        var toHead = Parse(head, known, toHead: true);
        Assert.Equal((BodyFraming.Length, BodyFraming.None), (first.Framing, toHead.Framing));
        Assert.Same(first, Parse(head, known));
        Assert.Equal(100, Parse("HTTP/1.1 100 Continue\r\n\r\n", known).Status);
        Assert.Same(first, Parse(head, known));
        var other = Parse(head.Replace("Length: 5", "Length: 6", StringComparison.Ordinal), known);
        Assert.Equal((5L, 6L), (first.ContentLength, other.ContentLength));
        Assert.NotSame(first, Parse(head, known));
        // One that is the beginning of another head's bytes is no head yet.
        Assert.Null(new ResponseHeadReader(1000) { Known = known }.Read(Encoding.Latin1.GetBytes(head)[..^2], toHead: false, out _));
    }

    [Fact]
    public void Head_in_pieces_is_read_as_a_whole_one_is() => Gen.Select(Head, Gen.Int[0, 400]).Sample((head, at) =>
    {
        var known = new KnownHead(new());
        var whole = Read(head, known, toHead: false);
        var bytes = Encoding.Latin1.GetBytes(head);
        var reader = new ResponseHeadReader(1000) { Known = known };
        string inPieces;
        try
        {
            var read = reader.Read(bytes.AsSpan(0, Math.Min(at, bytes.Length)), toHead: false, out var consumed)
                ?? reader.Read(bytes.AsSpan(consumed), toHead: false, out _);
            inPieces = $"{Text(read!)} {bytes.Length}";
        }
        catch (BrokenResponseException broken)
        {
            inPieces = $"{broken.Reason.Code} {broken.Message}";
        }
        Assert.Equal(whole, inPieces);
        Assert.Equal(whole, Read(head, known, toHead: false));
    }, iter: 1_000);

    [Fact]
    public void Lines_that_stay_the_same_are_not_decoded_again()
    {
        const string Head = "HTTP/1.1 200 All well\r\nServer: a server\r\nDate: today\r\nContent-Length: 5\r\n\r\n";
        var known = new KnownHead(new());
        var first = Parse(Head, known);
        var second = Parse(Head.Replace("today", "tomorrow", StringComparison.Ordinal), known);
        Assert.Same(first.Reason, second.Reason);
        Assert.Same(first.Headers[0].Key, second.Headers[0].Key);
        Assert.Same(first.Headers[0].Value, second.Headers[0].Value);
        Assert.Equal("tomorrow", second.Headers[1].Value);
    }

    /// <summary>What a daemon has sent before is kept once, and not with each connection that rests.</summary>
    [Fact]
    public async Task Connections_to_a_daemon_share_its_lines()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var address = new DaemonAddress(null, "127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port);
        using var worker = new DaemonWorker(
            new DaemonGroupOptions { Name = "app", Source = DaemonSource.Address, Addresses = [address] }, address, 10, TimeProvider.System,
            new ConnectionBudget(null));
        var head = Encoding.Latin1.GetBytes(
            "HTTP/1.1 200 All well\r\n" + string.Concat(Enumerable.Range(0, 32).Select(i => $"X-{i}: {new string('x', 240)}\r\n"))
            + "Content-Length: 0\r\n\r\n");
        var heads = new List<ResponseHead>();
        for (var i = 0; i < 2; i++)
        {
            using var connection = await worker.ConnectAsync(Limit, CancellationToken.None);
            using var daemon = await listener.AcceptAsync();
            daemon.Send(head);
            heads.Add(await connection.ReadHeadAsync(toHead: false, goAhead: null, CancellationToken.None));
        }
        Assert.Same(heads[0].Reason, heads[1].Reason);
        Assert.Equal(32, heads[1].Headers.Count);
        Assert.All(heads[0].Headers.Zip(heads[1].Headers), pair => Assert.Same(pair.First.Value, pair.Second.Value));
    }

    /// <summary>Connections that read at the same time never get a line of another one's head.</summary>
    [Fact]
    public void Heads_that_are_read_at_the_same_time_are_read_as_if_each_were_the_only_one()
    {
        var lines = new KnownLines();
        string[] heads =
        [
            .. Enumerable.Range(0, 8).Select(i =>
                $"HTTP/1.1 200 R{i % 3}\r\nServer: s{i % 2}\r\nX-{i % 3}: {i}\r\nContent-Length: {i}\r\n"
                + $"Connection: {(i < 4 ? "close" : "keep-alive")}\r\n\r\n"),
        ];
        string[] expected = [.. heads.Select(head => Read(head, null, toHead: false))];
        Parallel.For(0, heads.Length, new ParallelOptions { MaxDegreeOfParallelism = heads.Length }, i =>
        {
            // Each has a connection of its own, on which no two heads after one another are the same.
            var known = new KnownHead(lines);
            for (var round = 0; round < 2_000; round++)
                Assert.Equal(expected[(i + round) % heads.Length], Read(heads[(i + round) % heads.Length], known, toHead: false));
        });
    }

    private static ResponseHead Parse(string head, KnownHead? known, bool toHead = false) => Parse(head, known, toHead, out _);

    private static ResponseHead Parse(string head, KnownHead? known, bool toHead, out int consumed)
    {
        var reader = new ResponseHeadReader(1000) { Known = known };
        return reader.Read(Encoding.Latin1.GetBytes(head + "HTTP/1.1 "), toHead, out consumed)!;
    }

    private static string Read(string text, KnownHead? known, bool toHead)
    {
        try
        {
            var head = Parse(text, known, toHead, out var consumed);
            return $"{Text(head)} {consumed}";
        }
        catch (BrokenResponseException broken)
        {
            return $"{broken.Reason.Code} {broken.Message}";
        }
    }

    private static string Text(ResponseHead head) =>
        $"{head.Status} {head.Reason} {head.ContentLength} {head.Framing} {head.KeepAlive} {head.Upgrade} {string.Join('|', head.Headers)}";
}
