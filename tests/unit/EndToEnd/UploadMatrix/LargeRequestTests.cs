using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd.UploadMatrix;

/// <summary>
/// Bodies so large that they stay inside the system: whole, in order, ended where they end, and the next request of the connection after
/// them, for clients and daemons that are fast, slow, or leave.
/// </summary>
public sealed class LargeRequestTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private readonly string _folder = Directory.CreateTempSubdirectory("dp-body-").FullName;
    private readonly CancellationTokenSource _over = new(Limit);
    private readonly ConcurrentBag<string> _requests = [];
    private readonly Socket _tcp = new(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 30_000 };
    private readonly Socket _unix = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private RunningFrontEnd _frontEnd = null!;

    public async ValueTask InitializeAsync()
    {
        _tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _unix.Bind(new UnixDomainSocketEndPoint(Path.Combine(_folder, "daemon")));
        foreach (var listener in new[] { _tcp, _unix })
        {
            listener.Listen();
            _ = Task.Run(() => AcceptAsync(listener));
        }
        _frontEnd = await RunningFrontEnd.StartAsync($"""
            name: bodies
            listen: [ "http://127.0.0.1:0" ]
            daemons:
              - {"{"} name: tcp, address: "http://{_tcp.LocalEndPoint}" {"}"}
              - {"{"} name: unix, address: "unix:{Path.Combine(_folder, "daemon")}" {"}"}
              - {"{"} name: impatient, address: "http://{_tcp.LocalEndPoint}", socket-timeout: 2s {"}"}
              - {"{"} name: none, address: "unix:{Path.Combine(_folder, "nobody")}", connect-timeout: 30s {"}"}
            routes:
              - {"{"} path: /tcp, daemon: tcp {"}"}
              - {"{"} path: /unix, daemon: unix {"}"}
              - {"{"} path: /none, daemon: none {"}"}
              - {"{"} path: /impatient, daemon: impatient {"}"}
            """, _folder);
    }

    public async ValueTask DisposeAsync()
    {
        await _frontEnd.DisposeAsync();
        await _over.CancelAsync();
        _tcp.Dispose();
        _unix.Dispose();
    }

    [Fact]
    public async Task Every_large_body_arrives_whole_and_the_next_request_after_it()
    {
        var cases = from daemon in new[] { "tcp", "unix" }
                    from how in new[] { "all", "slow" }
                    from size in new[] { 262_143, 262_144, 262_145, 300_000, 1 << 20, 5_000_003, 20_000_000 }
                    from pieces in new int[][] { [int.MaxValue], [1, 4_000, 65_536, 37, 300_000, 4_096], [100, 1_000_000], [262_144] }
                    select (daemon, how, size, pieces);
        var wrong = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(cases, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (one, _) =>
        {
            try
            {
                var answers = await ExchangeAsync(one.daemon, one.how, one.size, one.pieces);
                if (answers != $"{one.size} right;0 right;") wrong.Add($"{one} {one.pieces[0]}: {answers}");
            }
            catch (Exception failure) when (failure is SocketException or InvalidDataException or OperationCanceledException)
            {
                wrong.Add($"{one} {one.pieces[0]}: {failure.GetType().Name}: {failure.Message}");
            }
        });
        Assert.True(wrong.IsEmpty, string.Join('\n', wrong.Order().Take(20)));
        Assert.DoesNotContain("DPXY0011", _frontEnd.Events());
    }

    /// <summary>The daemon sees the end of its connection, and nothing of what comes after.</summary>
    [Theory]
    [InlineData("tcp", true)]
    [InlineData("tcp", false)]
    [InlineData("unix", true)]
    [InlineData("unix", false)]
    public async Task Body_of_a_client_that_leaves_is_given_up(string daemon, bool resets)
    {
        foreach (var sent in new[] { 0, 1, 70_000, 262_144, 900_000 })
        {
            using (var client = await ConnectAsync())
            {
                await SendAsync(client, Encoding.ASCII.GetBytes(Head("POST", daemon, "broken", 1_000_000)));
                await SendAsync(client, BytesOf(sent));
                // Else it might have left before the daemon was called.
                while (!_requests.Contains("broken begins")) await Task.Delay(5, _over.Token);
                if (resets) client.LingerState = new LingerOption(enable: true, seconds: 0);
            }
            while (!_requests.Any(request => request.EndsWith("broken ends", StringComparison.Ordinal))) await Task.Delay(5, _over.Token);
            Assert.All(_requests, request => Assert.Contains("broken", request, StringComparison.Ordinal));
            _requests.Clear();
        }
        Assert.DoesNotContain("DPXY0011", _frontEnd.Events());
    }

    [Fact]
    public async Task Client_that_leaves_while_its_body_waits_for_a_daemon_is_noticed()
    {
        using (var client = await ConnectAsync())
        {
            await SendAsync(client, Encoding.ASCII.GetBytes(Head("POST", "none", "all", 900_000)));
            await SendAsync(client, BytesOf(100_000));
            while ((await _frontEnd.Control.GetStatusAsync()).ActiveRequests == 0) await Task.Delay(5, _over.Token);
        }
        while ((await _frontEnd.Control.GetStatusAsync()).ActiveRequests > 0) await Task.Delay(5, _over.Token);
        Assert.DoesNotContain("WSGI0116", _frontEnd.Events());
    }

    [Theory]
    [InlineData("tcp")]
    [InlineData("unix")]
    public async Task Daemon_that_answers_before_the_end_is_heard(string daemon)
    {
        using var client = await ConnectAsync();
        var sending = Task.Run(async () =>
        {
            await SendAsync(client, Encoding.ASCII.GetBytes(Head("POST", daemon, "early", 3_000_000)));
            await SendAsync(client, BytesOf(3_000_000));
        });
        Assert.Equal("early", await AnswerAsync(client, []));
        await Task.WhenAny(sending);
    }

    /// <summary>A daemon that stops reading has its time, and the client an answer.</summary>
    [Fact]
    public async Task Daemon_that_stops_reading_ends_its_request()
    {
        using var client = await ConnectAsync();
        var sending = Task.Run(async () =>
        {
            await SendAsync(client, Encoding.ASCII.GetBytes(Head("POST", "impatient", "stop", 30_000_000)));
            await SendAsync(client, BytesOf(30_000_000));
        });
        var failure = await Assert.ThrowsAsync<InvalidDataException>(() => AnswerAsync(client, []));
        Assert.StartsWith("HTTP/1.1 504", failure.Message, StringComparison.Ordinal);
        await Task.WhenAny(sending);
    }

    private static string Head(string method, string daemon, string how, int length) =>
        $"{method} /{daemon}/{how} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n";

    private static byte[] BytesOf(int count) => [.. Enumerable.Range(0, count).Select(i => (byte)(i % 251))];

    private async Task<Socket> ConnectAsync()
    {
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(_frontEnd.Uri.Host, _frontEnd.Uri.Port);
        return client;
    }

    // The next request stands right after the body, in the same piece.
    private async Task<string> ExchangeAsync(string daemon, string how, int size, int[] pieces)
    {
        using var client = await ConnectAsync();
        byte[] all =
        [
            .. Encoding.ASCII.GetBytes(Head("POST", daemon, how, size)), .. BytesOf(size),
            .. Encoding.ASCII.GetBytes(Head("GET", daemon, "next", 0)),
        ];
        var sending = Task.Run(async () =>
        {
            for (var (at, i) = (0, 0); at < all.Length; i++)
            {
                var end = (int)Math.Min(all.Length, (long)at + pieces[i % pieces.Length]);
                await SendAsync(client, all.AsMemory(at, end - at));
                at = end;
            }
        });
        var held = new List<byte>();
        var answers = await AnswerAsync(client, held) + ";" + await AnswerAsync(client, held) + ";";
        await sending;
        return answers;
    }

    private async Task SendAsync(Socket socket, ReadOnlyMemory<byte> data)
    {
        while (!data.IsEmpty) data = data[await socket.SendAsync(data, _over.Token)..];
    }

    private async Task<string> AnswerAsync(Socket client, List<byte> held)
    {
        var head = await HeadAsync(client, held) ?? throw new InvalidDataException("the connection ended before an answer");
        if (!head.StartsWith("HTTP/1.1 200", StringComparison.Ordinal)) throw new InvalidDataException(head);
        var length = LengthIn(head);
        while (held.Count < length) await FillAsync(client, held);
        var body = Encoding.ASCII.GetString([.. held.Take(length)]);
        held.RemoveRange(0, length);
        return body;
    }

    private async Task<string?> HeadAsync(Socket socket, List<byte> held)
    {
        while (true)
        {
            var text = Encoding.Latin1.GetString([.. held.Take(2000)]);
            if (text.IndexOf("\r\n\r\n", StringComparison.Ordinal) is >= 0 and var end)
            {
                held.RemoveRange(0, end + 4);
                return text[..end];
            }
            if (!await FillAsync(socket, held)) return null;
        }
    }

    private static int LengthIn(string head) =>
        int.Parse(head.Split("\r\n").Single(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))[15..]);

    private async Task<bool> FillAsync(Socket socket, List<byte> held)
    {
        var room = new byte[2000];
        var count = await socket.ReceiveAsync(room, _over.Token);
        held.AddRange(room.AsSpan(0, count));
        return count > 0;
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            var connection = await listener.AcceptAsync(_over.Token);
            _ = Task.Run(async () =>
            {
                using (connection) await ServeAsync(connection);
            });
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        var held = new List<byte>();
        while (await HeadAsync(connection, held) is { } head)
        {
            var how = head.Split(' ')[1].Split('/')[^1];
            var length = head.Contains("Content-Length", StringComparison.OrdinalIgnoreCase) ? LengthIn(head) : 0;
            _requests.Add($"{how} begins");
            if (how == "stop") await Task.Delay(Limit, _over.Token);
            if (how == "early")
            {
                await SendAsync(connection, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nearly"u8.ToArray());
                return;
            }
            var state = await BodyAsync(connection, held, length, isSlow: how == "slow");
            _requests.Add($"{state} {how} ends");
            if (state != "right") return;
            var answer = $"{length} {state}";
            await SendAsync(connection, Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {answer.Length}\r\n\r\n{answer}"));
        }
    }

    private async Task<string> BodyAsync(Socket connection, List<byte> held, int length, bool isSlow)
    {
        var room = new byte[isSlow ? 50_000 : 1_000_000];
        var at = 0;
        var data = held.Take(length).ToArray().AsMemory();
        held.RemoveRange(0, data.Length);
        while (true)
        {
            for (var i = 0; i < data.Length; i++)
            {
                if (data.Span[i] != (byte)((at + i) % 251)) return $"wrong at {at + i}";
            }
            if ((at += data.Length) == length) return "right";
            if (isSlow) await Task.Yield();
            int count;
            try { count = await connection.ReceiveAsync(room.AsMemory(0, Math.Min(room.Length, length - at)), _over.Token); }
            catch (SocketException) { count = 0; }
            if (count == 0) return $"ended at {at}";
            data = room.AsMemory(0, count);
        }
    }
}
