using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// Real WSGI applications behind a real front end, in both modes: below <c>/d</c> in daemon processes, below <c>/e</c> in the front end.
/// </summary>
[Trait("Host", "native")]
public sealed class WsgiTests(WsgiTests.Site site) : IClassFixture<WsgiTests.Site>
{
    /// <summary>One front end for all tests: none of them may leave it other than it was.</summary>
    public sealed class Site : IAsyncLifetime
    {
        private const string DebianPython = "/usr/bin/python3";
        private static readonly string[] Applications = ["django_app", "flask_app", "validated", "misc"];

        internal RunningFrontEnd FrontEnd { get; private set; } = null!;

        private string? Python { get; set; }

        public async ValueTask InitializeAsync()
        {
            // Debian's Python has Debian's frameworks, whatever other one comes first on the PATH.
            var home = OperatingSystem.IsLinux() && File.Exists(DebianPython) ? "/usr" : null;
            try { Python = PythonFinder.Find(home).Executable; }
            catch (PythonException) { return; }
            var folder = RunningFrontEnd.NewFolder();
            foreach (var name in Applications)
                File.Copy(Path.Combine(RepositoryRoot.Path, "tests/unit/EndToEnd/apps", name + ".wsgi"),
                    Path.Combine(folder, name + ".wsgi"));
            FrontEnd = await RunningFrontEnd.StartAsync($"""
                name: wsgi
                {(home is null ? "" : $"python-home: {home}")}
                daemons:
                {string.Join('\n', Applications.Where(Has).Select(name => $"  - {{ name: {name.Replace('_', '-')}, application: {name}.wsgi, threads: 4{(home is null ? "" : $", python-home: {home}")} }}"))}
                routes:
                {string.Join('\n', Applications.Where(Has).Select(name => $"  - {{ path: /d/{name}, daemon: {name.Replace('_', '-')} }}"))}
                {string.Join('\n', Applications.Select(name => $"  - {{ path: /e/{name}, application: {name}.wsgi }}"))}
                {string.Join('\n', new[] { ("paced", "token-bucket"), ("interval", "interval") }.SelectMany(paced => new[]
                {
                    $"  - {{ path: /d/{paced.Item1}, daemon: misc, rate-limit: 100MiB/s, pacer: {paced.Item2} }}",
                    $"  - {{ path: /e/{paced.Item1}, application: misc.wsgi, rate-limit: 100MiB/s, pacer: {paced.Item2} }}",
                }))}
                """, folder);
        }

        /// <summary>A group whose application cannot be loaded would keep the front end from starting.</summary>
        internal bool Has(string application) => application switch
        {
            "django_app" => HasModule("django"),
            "flask_app" => HasModule("flask"),
            _ => true,
        };

        private bool HasModule(string module) =>
            Programs.RunAsync(Python!, "-c", $"import {module}").GetAwaiter().GetResult().ExitCode == 0;

        public async ValueTask DisposeAsync()
        {
            if (FrontEnd is not null) await FrontEnd.DisposeAsync();
        }
    }

    private RunningFrontEnd FrontEnd
    {
        get
        {
            Assert.SkipWhen(site.FrontEnd is null, "there is no Python with a shared library (Debian package libpython3-dev)");
            return site.FrontEnd;
        }
    }

    [Theory]
    [InlineData("d", "django_app")]
    [InlineData("e", "django_app")]
    [InlineData("d", "flask_app")]
    [InlineData("e", "flask_app")]
    public async Task Framework_serves_a_page_a_form_a_stream_and_an_upload(string mode, string application)
    {
        Assert.SkipUnless(
            FrontEnd is not null
            && site.Has(application),
            $"Python cannot import {application.Split('_')[0]} (Debian package python3-{application.Split('_')[0]})");
        var path = $"/{mode}/{application}";
        // The framework knows where it is mounted.
        Assert.Contains($"</h1> {path}/form", await FrontEnd.Client.GetStringAsync($"{path}/"));

        using var form = new FormUrlEncodedContent([new("name", "Ada Löve")]);
        using var answer = await FrontEnd.Client.PostAsync($"{path}/form", form);
        Assert.Equal("POST=Ada Löve", await answer.Content.ReadAsStringAsync());

        Assert.Equal(string.Concat(Enumerable.Range(0, 10_000).Select(number => $"{number:000000}\n")),
            await FrontEnd.Client.GetStringAsync($"{path}/stream"));

        var content = RandomNumberGenerator.GetBytes(3 << 20);
        using var upload = new MultipartFormDataContent();
        upload.Add(new ByteArrayContent(content), "file", "data.bin");
        using var uploaded = await FrontEnd.Client.PostAsync($"{path}/upload", upload);
        Assert.Equal($"data.bin {content.Length} {Convert.ToHexStringLower(SHA256.HashData(content))}",
            await uploaded.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("d")]
    [InlineData("e")]
    public async Task Validator_of_PEP_3333_has_no_complaint(string mode)
    {
        var path = $"/{mode}/validated";
        Assert.Equal("validated GET", await FrontEnd.Client.GetStringAsync(path));
        Assert.Equal("written validated GET", await FrontEnd.Client.GetStringAsync($"{path}/write?a=b"));
        using var sized = await FrontEnd.Client.PostAsync(path, new StringContent("12345"));
        Assert.Equal(("validated POST", "5"), (await sized.Content.ReadAsStringAsync(), sized.Headers.GetValues("X-Length").Single()));
        using var head = await FrontEnd.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));
        Assert.True(head.IsSuccessStatusCode);
    }

    [Theory]
    [InlineData("d")]
    [InlineData("e")]
    public async Task Body_of_unknown_length_arrives_whole(string mode)
    {
        var content = RandomNumberGenerator.GetBytes(5 << 20);
        using var request = new HttpRequestMessage(
            HttpMethod.Put, $"/{mode}/misc/upload")
        { Content = new StreamContent(new MemoryStream(content)) };
        request.Content.Headers.ContentLength = null;
        request.Headers.TransferEncodingChunked = true;
        request.Headers.ExpectContinue = true;
        using var answer = await FrontEnd.Client.SendAsync(request);
        Assert.Equal($"{content.Length} {Convert.ToHexStringLower(SHA256.HashData(content))}", await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("d", "raise", "raised in the call")]
    [InlineData("e", "raise", "raised in the call")]
    [InlineData("d", "exit", "SystemExit")]
    [InlineData("e", "exit", "SystemExit")]
    [InlineData("d", "status", "status code must be a 3 digit integer: b'2000 OK'")]
    [InlineData("e", "status", "status code must be a 3 digit integer: b'2000 OK'")]
    [InlineData("d", "header", "carriage return/line feed character in header value")]
    [InlineData("e", "header", "carriage return/line feed character in header value")]
    [InlineData("d", "no-start", "before it called start_response")]
    [InlineData("e", "no-start", "before it called start_response")]
    [InlineData("d", "text", "the body must be bytes, not str")]
    [InlineData("e", "text", "the body must be bytes, not str")]
    public async Task Application_that_fails_before_its_first_byte_is_a_500_with_its_reason_in_the_log(
        string mode, string name, string reason)
    {
        using var answer = await FrontEnd.Client.GetAsync($"/{mode}/misc/{name}");
        Assert.Equal(500, (int)answer.StatusCode);
        Assert.Equal("500 Internal Server Error (DPXY0016)\n", await answer.Content.ReadAsStringAsync());
        await LoggedAsync(reason, $"/{mode}/misc/{name}");
        await StillServesAsync(mode);
    }

    [Theory]
    [InlineData("d", "late")]
    [InlineData("e", "late")]
    [InlineData("d", "short")]
    [InlineData("e", "short")]
    public async Task Application_that_fails_in_its_body_breaks_the_response_off_and_is_closed(string mode, string name)
    {
        var before = await ClosedAsync(mode);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => FrontEnd.Client.GetByteArrayAsync($"/{mode}/misc/{name}"));
        await StillServesAsync(mode);
        Assert.Equal(before + 1, await ClosedAsync(mode));
    }

    [Theory]
    [InlineData("d", "misc")]
    [InlineData("e", "misc")]
    [InlineData("d", "paced")]
    [InlineData("e", "paced")]
    [InlineData("d", "interval")]
    [InlineData("e", "interval")]
    public async Task Block_before_a_raise_is_delivered_and_then_the_response_broken_off(string mode, string route)
    {
        var before = await ClosedAsync(mode);
        for (var i = 0; i < 40; i++)
        {
            var answer = await FrontEnd.RawAsync($"GET /{mode}/{route}/one-block HTTP/1.1\r\nHost: x\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 200 ", answer);
            Assert.EndsWith(new string('x', 100) + "\r\n", answer);
        }
        await StillServesAsync(mode);
        Assert.Equal(before + 40, await ClosedAsync(mode));
    }

    [Theory]
    [InlineData("d")]
    [InlineData("e")]
    public async Task Environ_says_what_was_asked_for(string mode)
    {
        var path = $"/{mode}/misc";
        (string Request, string Variable, string? Value)[] cases =
        [
            ($"GET {path}//a///b/environ?x=//y HTTP/1.1\r\nHost: x\r\n", "PATH_INFO", "/a/b/environ"),
            ($"GET {path}//a///b/environ?x=//y HTTP/1.1\r\nHost: x\r\n", "SCRIPT_NAME", path),
            ($"GET {path}//a///b/environ?x=//y HTTP/1.1\r\nHost: x\r\n", "QUERY_STRING", "x=//y"),
            ($"GET {path}//a///b/environ?x=//y HTTP/1.1\r\nHost: x\r\n", "REQUEST_URI", $"{path}/a/b/environ?x=//y"),
            ($"GET {path}/a%5Cb%20%c3%bc/environ HTTP/1.1\r\nHost: x\r\n", "PATH_INFO", "/a\\b \u00c3\u00bc/environ"),
            ($"GET {path}/environ?%zz HTTP/1.1\r\nHost: x\r\n", "QUERY_STRING", "%zz"),
            ($"GET http://target:81{path}/environ HTTP/1.1\r\nHost: other\r\n", "HTTP_HOST", "target:81"),
            ($"GET http://target:81{path}/environ HTTP/1.1\r\nHost: other\r\n", "SERVER_NAME", "target"),
            ($"GET http://target:81{path}/environ HTTP/1.1\r\nHost: other\r\n", "SERVER_PORT", "81"),
            ($"GET http://target:81{path}/environ HTTP/1.1\r\nHost: other\r\n", "PATH_INFO", "/environ"),
            ($"POST {path}/environ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n", "HTTP_TRANSFER_ENCODING", "chunked"),
            ($"POST {path}/environ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n", "CONTENT_LENGTH", null),
            ($"POST {path}/environ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n", "CONTENT_LENGTH", "0"),
            ($"POST {path}/environ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n", "HTTP_TRANSFER_ENCODING", null),
            ($"GET {path}/environ HTTP/1.1\r\nHost: x\r\n", "HTTP_TRANSFER_ENCODING", null),
            ($"GET {path}/environ HTTP/1.1\r\nHost: x\r\n", "mod_wsgi.callable_object", "application"),
            ($"GET {path}/environ HTTP/1.1\r\nHost: x\r\n", "mod_wsgi.process_group", mode == "d" ? "misc" : ""),
        ];
        var wrong = new List<string>();
        foreach (var (request, variable, value) in cases)
        {
            var answer = await FrontEnd.RawAsync(
                $"{request}Connection: close\r\n\r\n{(request.Contains("chunked", StringComparison.Ordinal) ? "0\r\n\r\n" : "")}");
            var start = answer.IndexOf('{', StringComparison.Ordinal);
            var found = start < 0
                ? answer : JsonDocument.Parse(answer[start..(answer.LastIndexOf('}') + 1)]).RootElement is var environ
                && environ.TryGetProperty(variable, out var text) ? text.GetString() : null;
            if (found != value) wrong.Add($"{request.Split('\r')[0]}: {variable} is {found}, not {value}");
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory]
    [InlineData("%zz")]
    [InlineData("%4")]
    [InlineData("a%")]
    [InlineData("%C3%A4%u1234")]
    public async Task Percent_sign_without_two_hexadecimal_digits_is_a_400(string name)
    {
        foreach (var mode in new[] { "d", "e" })
        {
            var answer = await FrontEnd.RawAsync($"GET /{mode}/misc/{name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 400 ", answer);
        }
        await FrontEnd.EventAsync("DPXY0023");
    }

    [Theory]
    [InlineData("d", "close", "all")]
    [InlineData("e", "close", "all")]
    [InlineData("d", "long", "1234567890")]
    [InlineData("e", "long", "1234567890")]
    public async Task Complete_response_stays_one_whatever_comes_behind_it(string mode, string name, string body)
    {
        var before = await ClosedAsync(mode);
        Assert.Equal(body, await FrontEnd.Client.GetStringAsync($"/{mode}/misc/{name}"));
        await StillServesAsync(mode);
        Assert.Equal(before + 1, await ClosedAsync(mode));
    }

    [Theory]
    [InlineData("d")]
    [InlineData("e")]
    public async Task Client_that_leaves_an_endless_response_has_it_closed(string mode)
    {
        var before = await ClosedAsync(mode);
        using (var socket = new Socket(SocketType.Stream, ProtocolType.Tcp))
        {
            await socket.ConnectAsync(FrontEnd.Uri.Host, FrontEnd.Uri.Port);
            await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /{mode}/misc/endless HTTP/1.1\r\nHost: x\r\n\r\n"));
            var buffer = new byte[65_536];
            for (var read = 0; read < 1_000_000;) read += await socket.ReceiveAsync(buffer).WaitAsync(RunningFrontEnd.Limit);
        }
        await RunningFrontEnd.UntilAsync(
            () => ClosedAsync(mode).GetAwaiter().GetResult() == before + 1, "the close() of a response whose client has left");
    }

    [Theory]
    [InlineData("d")]
    [InlineData("e")]
    public async Task Large_download_arrives_whole(string mode)
    {
        using var response = await FrontEnd.Client.GetAsync(
            $"/{mode}/misc/download?n={64 << 20}", HttpCompletionOption.ResponseHeadersRead);
        using var body = await response.Content.ReadAsStreamAsync();
        var block = Enumerable.Range(0, 65_536).Select(i => (byte)i).ToArray();
        var buffer = new byte[65_536];
        for (var i = 0; i < 1024; i++)
        {
            await body.ReadExactlyAsync(buffer);
            Assert.True(buffer.AsSpan().SequenceEqual(block), $"block {i} is not as it was sent");
        }
        Assert.Equal(0, await body.ReadAsync(buffer));
    }

    [Fact]
    public async Task Worker_killed_in_the_middle_of_a_request_is_a_502_and_the_next_is_served()
    {
        var worker = int.Parse(await FrontEnd.Client.GetStringAsync("/d/misc/pid"));
        using var hanging = new HttpRequestMessage(HttpMethod.Post, "/d/misc/hang") { Content = new StringContent("x") };
        var hung = FrontEnd.Client.SendAsync(hanging);
        await RunningFrontEnd.UntilAsync(
            () => FrontEnd.Control.GetStatusAsync().GetAwaiter()
            .GetResult().Daemons.Any(daemon => daemon.ActiveRequests > 0), "the request at the worker");
        System.Diagnostics.Process.GetProcessById(worker).Kill();
        using var answer = await hung;
        Assert.Equal(502, (int)answer.StatusCode);
        Assert.NotEqual(worker, int.Parse(await FrontEnd.Client.GetStringAsync("/d/misc/pid")));
    }

    [Fact]
    public async Task Requests_to_one_application_run_side_by_side_up_to_its_threads()
    {
        // Each ends when all four have begun.
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => FrontEnd.Client.GetStringAsync("/d/misc/meet")));
        Assert.All(answers, answer => Assert.Equal("met", answer));
    }

    [Fact]
    public async Task What_an_application_prints_is_logged_with_its_request()
    {
        await FrontEnd.Client.GetStringAsync("/d/validated?seen");
        await FrontEnd.Client.GetStringAsync("/e/validated?seen");
        await LoggedAsync("seen", "/d/validated");
        await LoggedAsync("seen", "/e/validated");
    }

    [Fact]
    public async Task Client_cannot_say_what_only_the_front_end_knows()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/d/misc/pid");
        request.Headers.Add("X-DaemonProxy-Connection", "0 6.6.6.6 1 1 https HTTP/1.1 %2F");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/plain"));
        using var answer = await FrontEnd.Client.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode);
    }

    private async Task<int> ClosedAsync(string mode) => int.Parse(await FrontEnd.Client.GetStringAsync($"/{mode}/misc/closed"));

    private async Task StillServesAsync(string mode) => Assert.Equal("fine", await FrontEnd.Client.GetStringAsync($"/{mode}/misc/"));

    private Task LoggedAsync(string text, string path) => RunningFrontEnd.UntilAsync(
        () => FrontEnd.LogLines()
            .Any(line => line.Contains(text, StringComparison.Ordinal) && line.Contains($"\"path\":\"{path}\"", StringComparison.Ordinal)),
            $"'{text}' of {path} in the log");
}
