using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>What clients notice of an update: nothing.</summary>
public sealed class UpdateTrafficTests
{
    [Fact]
    public async Task Three_updates_refuse_no_connection_and_break_no_transfer()
    {
        UpdatedFrontEnd.Need();
        await using var frontEnd = await RunningFrontEnd.StartAsync(UpdatedFrontEnd.Yaml);
        var traffic = new UpdateTraffic(frontEnd.Uri);
        traffic.Start(downloads: 6, tunnels: 2, uploads: 2);
        var processes = new HashSet<int> { frontEnd.ProcessId };

        for (var update = 0; update < 3; update++)
        {
            // Something of every kind is in flight.
            var (before, echoes) = (traffic.Connections, traffic.Echoes);
            await RunningFrontEnd.UntilAsync(
                () => traffic.Failures.Count > 0 || (traffic.Connections > before + 5 && traffic.Echoes > echoes + 5), "traffic");
            processes.Add((await frontEnd.UpdateAsync()).ProcessId);
        }
        await traffic.EndAsync();

        Assert.Empty(traffic.Failures);
        Assert.Equal(4, processes.Count);
        Assert.True(traffic is { Connections: > 15, Echoes: > 15, Transfers: { Downloads: > 0, Uploads: > 0 } });
        // Clients that are done free the processes that served them.
        await RunningFrontEnd.UntilAsync(() => frontEnd.StatusAsync().GetAwaiter().GetResult().Replaced.Count == 0, "the old processes");
    }

    [Fact]
    public async Task Connection_that_the_old_process_has_gets_its_next_answer_and_is_asked_to_close()
    {
        UpdatedFrontEnd.Need();
        await using var frontEnd = await RunningFrontEnd.StartAsync(UpdatedFrontEnd.Yaml);
        using var silent = await ConnectAsync(frontEnd, "");
        using var used = await ConnectAsync(frontEnd, "GET /bytes?n=10 HTTP/1.1\r\nHost: x\r\n\r\n");
        // Connections are accepted in their order, so that the one without a request has been as well.
        Assert.Contains("HTTP/1.1 200", await AnswerAsync(used));

        await frontEnd.UpdateAsync();
        foreach (var connection in new[] { used, silent })
        {
            await connection.SendAsync("GET /bytes?n=10 HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
            var answer = await RunningFrontEnd.ReadToEndAsync(connection);
            Assert.StartsWith("HTTP/1.1 200", answer);
            Assert.Contains("\r\nConnection: close\r\n", answer);
        }

        Assert.Equal(0, await frontEnd.EndedAsync());
    }

    [Fact]
    public async Task Http2_stream_is_finished_and_its_connection_used_for_no_other()
    {
        UpdatedFrontEnd.Need();
        await using var frontEnd = await RunningFrontEnd.StartAsync("""
            name: site
            listen: https://127.0.0.1:0
            tls: { certificate: site.pem, key: site.key }
            daemons: [ { name: app, sample: true } ]
            """, TlsTests.Files());
        using var client = TlsTests.Client(frontEnd.Uri, HttpVersion.Version20);
        using var response = await client.GetAsync("/drip?count=40&every-ms=50&chunk=100", HttpCompletionOption.ResponseHeadersRead);

        await frontEnd.UpdateAsync();
        for (var i = 0; i < 5; i++) Assert.Equal(10, (await client.GetByteArrayAsync("/bytes?n=10")).Length);

        Assert.Equal(4000, (await response.Content.ReadAsByteArrayAsync()).Length);
        Assert.Equal(0, await frontEnd.EndedAsync());
        Assert.Equal(10, (await client.GetByteArrayAsync("/bytes?n=10")).Length);
    }

    private static async Task<Socket> ConnectAsync(RunningFrontEnd frontEnd, string request)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(frontEnd.Uri.Host, frontEnd.Uri.Port).WaitAsync(RunningFrontEnd.Limit);
        await socket.SendAsync(Encoding.Latin1.GetBytes(request));
        return socket;
    }

    private static async Task<string> AnswerAsync(Socket connection)
    {
        var buffer = new byte[4096];
        using var limit = new CancellationTokenSource(RunningFrontEnd.Limit);
        return Encoding.Latin1.GetString(buffer, 0, await connection.ReceiveAsync(buffer, limit.Token));
    }
}
