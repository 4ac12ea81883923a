using System.Text;
using CsCheck;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using Xunit;

namespace DaemonProxy.Tests.Daemons;

/// <summary>Heads that come one after another on a connection are read as if each were the first.</summary>
public sealed class KnownLinesTests
{
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
    public void Head_after_others_is_read_as_the_first_is() => Head.Array[1, 8].Sample(heads =>
    {
        var known = new KnownLines();
        foreach (var head in heads)
        {
            // The same head twice finds all that can be found.
            for (var i = 0; i < 2; i++) Assert.Equal(Read(head, null), Read(head, known));
        }
    }, iter: 3_000);

    [Fact]
    public void Lines_that_stay_the_same_are_not_decoded_again()
    {
        const string Head = "HTTP/1.1 200 All well\r\nServer: a server\r\nDate: today\r\nContent-Length: 5\r\n\r\n";
        var known = new KnownLines();
        var first = Parse(Head, known);
        var second = Parse(Head.Replace("today", "tomorrow", StringComparison.Ordinal), known);
        Assert.Same(first.Reason, second.Reason);
        Assert.Same(first.Headers[0].Key, second.Headers[0].Key);
        Assert.Same(first.Headers[0].Value, second.Headers[0].Value);
        Assert.Equal("tomorrow", second.Headers[1].Value);
    }

    private static ResponseHead Parse(string head, KnownLines? known)
    {
        var reader = new ResponseHeadReader(1000) { Known = known };
        return reader.Read(Encoding.Latin1.GetBytes(head), toHead: false, out _)!;
    }

    private static string Read(string text, KnownLines? known)
    {
        try
        {
            var head = Parse(text, known);
            return $"{head.Status} {head.Reason} {head.ContentLength} {head.Framing} {head.KeepAlive} {head.Upgrade} {string.Join('|', head.Headers)}";
        }
        catch (BrokenResponseException broken)
        {
            return $"{broken.Reason.Code} {broken.Message}";
        }
    }
}
