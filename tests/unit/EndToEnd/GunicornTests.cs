using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>A real application server behind a real front end.</summary>
public sealed class GunicornTests : IAsyncLifetime
{
    private const string Application = """
        import hashlib, json, os, time
        def application(environ, start_response):
            path = environ['PATH_INFO']
            body = environ['wsgi.input']
            if path == '/digest':
                digest, length = hashlib.sha256(), 0
                while block := body.read(65536):
                    digest.update(block); length += len(block)
                answer = ('%d %s' % (length, digest.hexdigest())).encode()
            elif path == '/environ':
                answer = json.dumps({k: v for k, v in environ.items() if isinstance(v, str)}).encode()
            elif path == '/slow':
                start_response('200 OK', [('Content-Type', 'text/plain')])
                def blocks():
                    yield b'first\n'
                    # Until the client has it.
                    for _ in range(1200):
                        if os.path.exists('seen'):
                            break
                        time.sleep(0.05)
                    yield b'seen\n' if os.path.exists('seen') else b'not seen\n'
                return blocks()
            elif path == '/pid':
                start_response('200 OK', [('Content-Type', 'text/plain')])
                def pid():
                    yield b'%d\n' % os.getpid()
                    time.sleep(20)
                    yield b'never'
                return pid()
            else:
                answer = b'hello'
            start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(answer)))])
            return [answer]
        """;

    private RunningFrontEnd _frontEnd = null!;

    public async ValueTask InitializeAsync()
    {
        Programs.Need("gunicorn");
        var folder = RunningFrontEnd.NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "app.py"), Application);
        _frontEnd = await RunningFrontEnd.StartAsync("""
            name: site
            daemons: [ { name: app, command: [ gunicorn, --workers, "2", --bind, "unix:{socket}", "app:application" ] } ]
            routes: [ { path: /, daemon: app }, { path: /prefix, daemon: app, strip-prefix: true } ]
            """, folder);
    }

    public async ValueTask DisposeAsync()
    {
        if (_frontEnd is not null) await _frontEnd.DisposeAsync();
    }

    [Fact]
    public async Task Get_is_answered()
    {
        Assert.Equal("hello", await _frontEnd.Client.GetStringAsync("/"));
        Assert.Equal("hello", await _frontEnd.Client.GetStringAsync("/prefix"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Post_of_50_MiB_arrives_whole(bool chunked)
    {
        var bytes = new byte[50 << 20];
        new Random(1).NextBytes(bytes);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/digest") { Content = new ByteArrayContent(bytes) };
        request.Headers.TransferEncodingChunked = chunked;

        using var response = await _frontEnd.Client.SendAsync(request);

        Assert.Equal($"{bytes.Length} {Convert.ToHexStringLower(SHA256.HashData(bytes))}", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Post_with_100_continue_through_curl_arrives_whole()
    {
        Programs.Need("curl");
        var file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, new byte[2 << 20]);

        var (exitCode, output) = await Programs.RunAsync(
            "curl", "-s", "--max-time", "20", "-H", "Expect: 100-continue", "--data-binary", "@" + file, _frontEnd.Uri + "digest");

        File.Delete(file);
        Assert.Equal(0, exitCode);
        Assert.StartsWith($"{2 << 20} ", output);
    }

    [Fact]
    public async Task Head_has_the_headers_and_no_body()
    {
        using var response = await _frontEnd.Client.SendAsync(new(HttpMethod.Head, "/"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(5, response.Content.Headers.ContentLength);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Streamed_blocks_arrive_while_the_application_still_runs()
    {
        using var response = await _frontEnd.Client.GetAsync("/slow", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal("first", await reader.ReadLineAsync().WaitAsync(RunningFrontEnd.Limit / 2));
        await File.WriteAllTextAsync(Path.Combine(_frontEnd.Folder, "seen"), "");
        Assert.Equal("seen\n", await reader.ReadToEndAsync());
    }

    [Fact]
    public async Task Upgrade_that_it_refuses_is_an_ordinary_answer()
    {
        var answer = await _frontEnd.RawAsync(
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
            + "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            + "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK", answer);
        Assert.Contains("hello", answer);
    }

    [Fact]
    public async Task Application_sees_who_asked_and_not_what_the_client_claims()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/environ");
        request.Headers.Add("X-Forwarded-For", "6.6.6.6");
        request.Headers.Add("X-Forwarded-Proto", "https");
        request.Headers.TryAddWithoutValidation("X_Forwarded_For", "6.6.6.6");
        request.Headers.Add("Proxy", "http://evil");
        request.Headers.Add("X-Kept", "yes");

        var environ = await (await _frontEnd.Client.SendAsync(request)).Content.ReadAsStringAsync();

        Assert.Contains("\"HTTP_X_FORWARDED_FOR\": \"127.0.0.1\"", environ);
        Assert.Contains("\"HTTP_X_FORWARDED_PROTO\": \"http\"", environ);
        Assert.Contains($"\"HTTP_X_FORWARDED_HOST\": \"127.0.0.1:{_frontEnd.Uri.Port}\"", environ);
        Assert.Contains("\"HTTP_X_KEPT\": \"yes\"", environ);
        Assert.DoesNotContain("6.6.6.6", environ);
        Assert.DoesNotContain("HTTP_PROXY", environ);
    }

    [Fact]
    public async Task Worker_killed_in_mid_response_is_a_broken_transfer_and_the_next_request_is_served()
    {
        using var response = await _frontEnd.Client.GetAsync("/pid", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var worker = int.Parse((await reader.ReadLineAsync())!, System.Globalization.CultureInfo.InvariantCulture);

        Process.GetProcessById(worker).Kill();

        await Assert.ThrowsAnyAsync<IOException>(async () => await reader.ReadToEndAsync());
        await _frontEnd.EventAsync("WSGI0119");
        Assert.Equal("hello", await _frontEnd.Client.GetStringAsync("/"));
    }

    [Fact]
    public async Task Server_that_dies_is_started_again()
    {
        var before = _frontEnd.Status.Daemons[0].Workers[0].ProcessId!.Value;

        Process.GetProcessById(before).Kill();

        await _frontEnd.EventAsync("DPXY0004");
        Assert.Equal("hello", await _frontEnd.Client.GetStringAsync("/"));
        var daemon = (await _frontEnd.Control.GetStatusAsync()).Daemons[0];
        Assert.Equal(1, daemon.Restarts);
        Assert.NotEqual(before, daemon.Workers[0].ProcessId);
    }
}
