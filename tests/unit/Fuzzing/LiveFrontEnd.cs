using System.Net;
using System.Net.Sockets;
using System.Text;
using DaemonProxy.Tests.EndToEnd;
using Xunit;

namespace DaemonProxy.Tests.Fuzzing;

/// <summary>
/// A front end in a process of its own that is given anything; it may neither end, nor keep a client waiting, nor log a fault of its own.
/// </summary>
internal sealed class LiveFrontEnd(RunningFrontEnd frontEnd) : IAsyncDisposable
{
    /// <summary>The front end's memory may grow by this while it is fuzzed, bytes: its own caches and pools fill.</summary>
    private const long AllowedGrowth = 96L << 20;

    private long _logRead;
    private long _firstMemory;

    public static async Task<LiveFrontEnd> StartAsync(int daemon) => new(await RunningFrontEnd.StartAsync($$"""
        daemons: [ { name: app, address: "http://127.0.0.1:{{daemon}}" } ]
        routes: [ { path: /, daemon: app }, { path: /app, daemon: app, strip-prefix: true } ]
        """));

    /// <summary>Sends bytes over a connection and gives all that comes until its end.</summary>
    /// <param name="bytes">What is sent.</param>
    /// <param name="patience">After this, ms, the front end waits for more, and learns that there is none.</param>
    /// <param name="left">Whether it did, and so may have been left without an answer to what it was still working on.</param>
    public string Exchange(byte[] bytes, int patience, out bool left)
    {
        left = false;
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = patience };
        socket.Connect(IPAddress.Loopback, frontEnd.Uri.Port);
        var answer = new StringBuilder();
        var buffer = new byte[65_536];
        try
        {
            socket.Send(bytes);
            if (Read()) return answer.ToString();
            left = true;
            socket.Shutdown(SocketShutdown.Send);
            socket.ReceiveTimeout = (int)RunningFrontEnd.Limit.TotalMilliseconds;
            Assert.True(Read(), "the connection does not end");
        }
        catch (SocketException reset)
            when (reset.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown or SocketError.NotConnected)
        {
            // A reset is an end too.
        }
        return answer.ToString();

        bool Read()
        {
            try
            {
                while (socket.Receive(buffer) is > 0 and var count) answer.Append(Encoding.Latin1.GetString(buffer, 0, count));
                return true;
            }
            catch (SocketException waits) when (waits.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
            {
                return false;
            }
        }
    }

    /// <summary>Fails on an event that says the front end is at fault, since the last call.</summary>
    public void CheckLog()
    {
        using var log = new FileStream(frontEnd.Status.LogFile!, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (log.Length == _logRead) return;
        // A new file has taken its place.
        if (log.Length < _logRead) _logRead = 0;
        log.Position = _logRead;
        using var reader = new StreamReader(log);
        var text = reader.ReadToEnd();
        _logRead = log.Length;
        Assert.False(text.Contains("DPXY0011", StringComparison.Ordinal),
            "this input, or the one before it, is a fault of the front end's own: "
            + text.Split('\n').FirstOrDefault(line => line.Contains("DPXY0011", StringComparison.Ordinal)));
    }

    /// <summary>Notes the memory once the first inputs have filled what is kept.</summary>
    public void NoteMemory() => _firstMemory = frontEnd.Memory();

    /// <summary>Fails when the front end is gone, or holds much more memory than it did.</summary>
    public async Task CheckAliveAsync()
    {
        Assert.Equal(frontEnd.Status.Name, (await frontEnd.Control.GetStatusAsync()).Name);
        // A run of fewer inputs than fill what is kept says nothing of growth.
        if (_firstMemory == 0) return;
        var growth = frontEnd.Memory() - _firstMemory;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"  the front end's memory grew by {growth / 1024:N0} KiB to {frontEnd.Memory() / 1024:N0} KiB");
        Assert.True(growth < AllowedGrowth, $"the front end's memory grew by {growth:N0} bytes");
    }

    public ValueTask DisposeAsync() => frontEnd.DisposeAsync();
}
