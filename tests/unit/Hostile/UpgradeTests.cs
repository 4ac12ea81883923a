using System.Diagnostics;
using System.IO.Pipelines;
using System.Text;
using DaemonProxy.Host.FrontEnd;
using DaemonProxy.Tests.EndToEnd;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Hostile;

/// <summary>
/// Upgraded connections: only to what the route names, at the route's rate in both directions, counted, and not for ever in silence.
/// </summary>
[Trait("Host", "native")]
public sealed class UpgradeTests
{
    private const string Wish = "Connection: Upgrade, HTTP2-Settings, X-Named\r\nHTTP2-Settings: evil\r\nX-Named: evil\r\n";

    private static string Request(string path, string upgrade, string method = "GET") =>
        $"{method} {path} HTTP/1.1\r\nHost: a\r\n{Wish}Upgrade: {upgrade}\r\n\r\n";

    private static RecordingDaemon Echo() => new("daemon", async (request, stream) =>
    {
        var asked = request.Headers.FirstOrDefault(header => header.Name.Equals("Upgrade", StringComparison.OrdinalIgnoreCase)).Value;
        if (asked is null && request.Target != "/unasked")
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"u8.ToArray());
            return true;
        }
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes(
            $"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: {(request.Target == "/other" ? "h2c" : asked)}\r\n\r\n"));
        await stream.FlushAsync();
        var buffer = new byte[65_536];
        while (await stream.ReadAsync(buffer) is > 0 and var count)
        {
            await stream.WriteAsync(buffer.AsMemory(0, count));
            await stream.FlushAsync();
        }
        return false;
    });

    [Fact]
    public async Task Only_what_the_route_names_is_passed_on_and_it_goes_by_the_routes_rules()
    {
        var folder = RunningFrontEnd.NewFolder();
        await using var daemon = Echo();
        await using var frontEnd = await RunningFrontEnd.StartAsync($$"""
            name: upgrades
            access-log: access.log
            daemons: [ { name: app, address: "{{daemon.Address}}", socket-timeout: 10 } ]
            routes:
              - { path: /, daemon: app }
              - { path: /more, daemon: app, upgrades: [ websocket, other/1 ] }
              - { path: /slow, daemon: app, rate-limit: 50KiB/s }
              - { path: /short, daemon: app, upgrade-timeout: 0.2 }
            """, folder);
        (string Request, string Expected)[] cases =
        [
            (Request("/", "websocket"), "101"), (Request("/", "WebSocket"), "101"), (Request("/", "h2c, websocket"), "101"),
                (Request("/more", "other/1"), "101"),
            (Request("/", "h2c"), "200"), (Request("/", "HTTP/2.0"), "200"), (Request("/", "other/1"), "200"),
                (Request("/", "websocket2"), "200"), (Request("/", "web socket"), "200"),
            (Request("/", "websocket", "POST"), "200"),
                (Request("/", "websocket").Replace("HTTP/1.1", "HTTP/1.0", StringComparison.Ordinal), "200"),
            ("GET /unasked HTTP/1.1\r\nHost: a\r\n\r\n", "502"), (Request("/unasked", "h2c"), "502"),
                (Request("/other", "websocket"), "502"),
        ];
        foreach (var (request, expected) in cases)
        {
            using var client = RawClient.Connect(frontEnd.Uri);
            await client.SendAsync(request);
            var answer = await client.ReadAsync();
            Assert.True($"{answer?.Status}" == expected, $"{request}\n{answer?.Status}, expected {expected}");
        }
        Assert.DoesNotContain(daemon.TakeSeen(), request => request.Raw.Contains("evil", StringComparison.Ordinal));
        await frontEnd.EventAsync("DPXY0047");

        using (var client = RawClient.Connect(frontEnd.Uri))
        {
            await client.SendAsync(Request("/slow", "websocket"));
            Assert.Equal(101, (await client.ReadAsync())?.Status);
            var clock = Stopwatch.StartNew();
            await client.SendAsync(new string('x', 20_000));
            Assert.Equal(20_000, await client.CountAsync(20_000));
            // Both ways at 50 KiB/s one after the other would be 0.78 s; overlapped, one direction alone takes 0.39 s.
            Assert.True(clock.ElapsedMilliseconds > 300, $"20,000 bytes there and back took {clock.ElapsedMilliseconds} ms");
        }
        using (var client = RawClient.Connect(frontEnd.Uri))
        {
            await client.SendAsync(Request("/short", "websocket"));
            Assert.Equal(101, (await client.ReadAsync())?.Status);
            Assert.True(await client.ClosesAsync());
        }
        await frontEnd.EventAsync("DPXY0048");
        await RunningFrontEnd.UntilAsync(
            () => File.ReadAllText(Path.Combine(folder, "access.log"))
            .Contains("\"GET /slow HTTP/1.1\" 101 20000 ", StringComparison.Ordinal), "the tunnel's line in the access log");
        Assert.True((await frontEnd.Control.GetStatusAsync()).Routes.Single(route => route.Route == "/slow").Traffic.Bytes >= 20_000);
    }

    [Fact]
    public async Task Tunnel_without_a_byte_ends_after_its_time_limit_and_a_busy_one_does_not()
    {
        var time = new FakeTimeProvider();
        var (client, daemon) = (new Pipe(), new Pipe());
        var sink = new MemoryStream();
        var tunnel = new UpgradeTunnel(
            new TwoWay(client.Reader.AsStream(), sink), new TwoWay(daemon.Reader.AsStream(), Stream.Null), TimeSpan.FromMinutes(1), time);
        var run = tunnel.RunAsync("hello"u8.ToArray(), output => output, () => { });
        for (var i = 0; i < 10; i++)
        {
            await daemon.Writer.WriteAsync("x"u8.ToArray());
            await RunningFrontEnd.UntilAsync(() => tunnel.BytesDown == 6 + i, "the byte");
            time.Advance(TimeSpan.FromSeconds(50));
            Assert.False(run.IsCompleted);
        }
        time.Advance(TimeSpan.FromSeconds(61));
        await run.WaitAsync(RunningFrontEnd.Limit);
        Assert.True(tunnel.WasIdle);
    }

    private sealed class TwoWay(Stream input, Stream output) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() => output.Flush();
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            input.ReadAsync(buffer, cancellationToken);
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            output.WriteAsync(buffer, cancellationToken);
    }
}
