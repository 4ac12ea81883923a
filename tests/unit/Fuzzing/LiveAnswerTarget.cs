using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace DaemonProxy.Tests.Fuzzing;

/// <summary>
/// Any bytes from a daemon: its client gets an answer that is a response by the grammar, whole or broken off, and an end.
/// </summary>
internal sealed partial class LiveAnswerTarget : IDisposable
{
    private static readonly byte[] Request = Encoding.ASCII.GetBytes("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

    private readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);
    private volatile byte[] _answer = [];
    private long _cases;

    public LiveAnswerTarget()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(64);
        new Thread(Serve) { IsBackground = true }.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public LiveFrontEnd FrontEnd { private get; set; } = null!;

    public void Check(byte[] input)
    {
        _answer = input;
        var answer = FrontEnd.Exchange(Request, patience: 5000, out _);
        if (answer.Length > 0) Assert.Matches(Grammar(), answer);
        Assert.DoesNotContain("\r\nServer: Kestrel", answer);
        FrontEnd.CheckLog();
        if (++_cases == 500) FrontEnd.NoteMemory();
    }

    private void Serve()
    {
        var buffer = new byte[16_384];
        try
        {
            while (true)
            {
                using var socket = _listener.Accept();
                try
                {
                    socket.ReceiveTimeout = 5000;
                    for (var count = 0; count < buffer.Length && !buffer.AsSpan(0, count).EndsWith("\r\n\r\n"u8);)
                    {
                        var more = socket.Receive(buffer.AsSpan(count));
                        if (more == 0) break;
                        count += more;
                    }
                    socket.Send(_answer);
                    socket.Shutdown(SocketShutdown.Both);
                }
                catch (SocketException)
                {
                    // The front end has heard enough.
                }
            }
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    public void Dispose() => _listener.Dispose();

    // An informational response or two, and then the answer; what follows the head is the body.
    [GeneratedRegex(
        @"\A(HTTP/1\.1 [1-5]\d\d( [\t\x20-\x7e\x80-\xff]*)?\r\n([!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n)+")]
    private static partial Regex Grammar();
}
