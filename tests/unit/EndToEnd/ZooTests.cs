using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// Frameworks and applications of other people, as Debian has them, each loaded in four ways behind one front end: as a script and as a
/// module, in daemon processes and in the front end.
/// </summary>
public sealed class ZooTests(ZooTests.Zoo zoo) : IClassFixture<ZooTests.Zoo>
{
    // In daemon mode and embedded, as a script and as a module.
    private static readonly string[] Mounts = ["ds", "dm", "es", "em"];

    /// <summary>The front end. Applications whose packages are missing are left out.</summary>
    public sealed class Zoo : IAsyncLifetime
    {
        private const string DebianPython = "/usr/bin/python3";
        private const int Largest = 50_000_000;

        /// <summary>Every application, and the module without which it is left out.</summary>
        private static readonly Dictionary<string, string> Needs = new()
        {
            ["flask"] = "flask",
            ["django"] = "django",
            ["bottle"] = "bottle",
            ["falcon"] = "falcon",
            ["pyramid"] = "pyramid",
            ["web"] = "web",
            ["cherrypy"] = "cherrypy",
            ["webob"] = "webob",
            ["werkzeug"] = "werkzeug",
            ["hgweb"] = "mercurial.hgweb",
            ["radicale"] = "radicale",
            ["numpy"] = "numpy",
            ["lxml"] = "lxml.etree",
            ["standard"] = "sys",
        };

        private readonly HashSet<string> _present = [];

        internal RunningFrontEnd? FrontEnd { get; private set; }

        internal string Folder { get; } = RunningFrontEnd.NewFolder();

        internal byte[] File { get; } = new byte[Largest];

        /// <summary>
        /// What the applications serve files of: around the blocks of 16 KiB and 64 KiB in which files, pipes and frames go.
        /// </summary>
        internal static readonly int[] Sizes = [1, 16_383, 16_384, 20_000, 1 << 20, Largest];

        public async ValueTask InitializeAsync()
        {
            var home = OperatingSystem.IsLinux() && System.IO.File.Exists(DebianPython) ? "/usr" : null;
            string python;
            try { python = PythonFinder.Find(home).Executable; }
            catch (PythonException) { return; }
            var (_, found) = await Programs.RunAsync(python, "-c", $"""
                import importlib.util
                for name in '{string.Join(' ', Needs.Values)}'.split():
                    try: print(name if importlib.util.find_spec(name) else '')
                    except ImportError: pass
                """);
            var modules = found.Split('\n').ToHashSet();
            _present.UnionWith(Needs.Where(need => modules.Contains(need.Value)).Select(need => need.Key));
            CopyFiles();
            var pythonHome = home is null ? "" : $", python-home: {home}";
            FrontEnd = await RunningFrontEnd.StartAsync($"""
                name: zoo
                {(home is null ? "" : $"python-home: {home}")}
                daemons:
                {Lines(name => $"  - {{ name: {name}-ds, application: {name}_zoo.py, threads: 3{pythonHome} }}\n  - {{ name: {name}-dm, application: '{name}_zoo:application', threads: 3{pythonHome} }}")}
                routes:
                {Lines(name => $"  - {{ path: /ds/{name}, daemon: {name}-ds }}\n  - {{ path: /dm/{name}, daemon: {name}-dm }}")}
                {Lines(name => $"  - {{ path: /es/{name}, application: {name}_zoo.py }}\n  - {{ path: /em/{name}, application: '{name}_zoo:application' }}")}
                """, Folder, within: TimeSpan.FromMinutes(2)); // some thirty processes, on a machine that may be busy
        }

        private string Lines(Func<string, string> line) => string.Join('\n', _present.Order().Select(line));

        private void CopyFiles()
        {
            var zoo = Path.Combine(RepositoryRoot.Path, "tests/unit/EndToEnd/zoo");
            foreach (var file in Directory.EnumerateFiles(zoo, "*.*", SearchOption.AllDirectories)
                .Where(file => !file.Contains("__pycache__", StringComparison.Ordinal)))
            {
                var copy = Path.Combine(Folder, Path.GetRelativePath(zoo, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                System.IO.File.Copy(file, copy);
            }
            new Random(1).NextBytes(File);
            Directory.CreateDirectory(Path.Combine(Folder, "files"));
            foreach (var size in Sizes) System.IO.File.WriteAllBytes(Path.Combine(Folder, "files", $"{size}.bin"), File.AsSpan(0, size));
        }

        internal RunningFrontEnd With(string application)
        {
            Assert.SkipWhen(FrontEnd is null, "there is no Python with a shared library (Debian package libpython3-dev)");
            Assert.SkipUnless(_present.Contains(application), $"Python cannot import {Needs[application]}");
            return FrontEnd;
        }

        public async ValueTask DisposeAsync()
        {
            if (FrontEnd is not null) await FrontEnd.DisposeAsync();
            else Directory.Delete(Folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("flask")]
    [InlineData("django")]
    [InlineData("bottle")]
    [InlineData("falcon")]
    [InlineData("pyramid")]
    [InlineData("web")]
    [InlineData("cherrypy")]
    [InlineData("webob")]
    [InlineData("werkzeug")]
    [InlineData("numpy")]
    [InlineData("lxml")]
    public async Task Application_answers_a_page_a_form_an_upload_a_chunked_upload_and_a_stream(string name)
    {
        var client = zoo.With(name).Client;
        var upload = zoo.File[..300_001];
        var received = $"300001 {Convert.ToHexStringLower(SHA256.HashData(upload))}";
        var stream = string.Concat(Enumerable.Range(0, 1000).Select(number => $"{number:000000}\n"));
        var wrong = new List<string>();
        foreach (var mount in Mounts)
        {
            await CheckAsync("page", $"<p>A page of {name}</p>", path => client.GetAsync(path));
            await CheckAsync("form", "Grüße 日本", path => client.PostAsync(path, new FormUrlEncodedContent([new("name", "Grüße 日本")])));
            await CheckAsync("upload", received, path => client.PostAsync(path, new ByteArrayContent(upload)));
            await CheckAsync("upload", received, async path =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(upload) };
                request.Headers.TransferEncodingChunked = true;
                return await client.SendAsync(request);
            });
            await CheckAsync("stream", stream, path => client.GetAsync(path));

            async Task CheckAsync(string what, string expected, Func<string, Task<HttpResponseMessage>> askAsync)
            {
                using var answer = await askAsync($"/{mount}/{name}/{what}");
                var text = Encoding.UTF8.GetString(await answer.Content.ReadAsByteArrayAsync());
                if (answer.StatusCode != HttpStatusCode.OK || text.TrimEnd() != expected.TrimEnd())
                    wrong.Add($"/{mount}/{name}/{what}: {(int)answer.StatusCode}, {text.Length} characters: "
                        + $"{text[..Math.Min(text.Length, 200)]}");
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory]
    [InlineData("flask", "files")] // static files
    [InlineData("flask", "send")] // send_file
    [InlineData("django", "files")] // FileResponse
    [InlineData("django", "send")] // StreamingHttpResponse
    [InlineData("django", "send", "?length")]
    [InlineData("bottle", "files")] // static_file
    [InlineData("falcon", "files")] // set_stream
    [InlineData("pyramid", "files")]
    [InlineData("web", "files")]
    [InlineData("cherrypy", "files")]
    [InlineData("webob", "files")] // DirectoryApp
    [InlineData("webob", "send")] // FileApp
    [InlineData("werkzeug", "files")] // SharedDataMiddleware
    public async Task File_arrives_byte_by_byte(string name, string how, string query = "")
    {
        var client = zoo.With(name).Client;
        var wrong = new List<string>();
        foreach (var mount in new[] { "ds", "es" })
        {
            foreach (var size in Zoo.Sizes)
            {
                foreach (var close in size > 1 << 20 ? new[] { false } : [false, true, false])
                {
                    var path = $"/{mount}/{name}/{how}/{size}.bin{query}";
                    using var request = new HttpRequestMessage(HttpMethod.Get, path);
                    request.Headers.ConnectionClose = close;
                    using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                    var problem = answer.StatusCode == HttpStatusCode.OK
                        ? await DifferenceAsync(answer.Content, size) : $"{(int)answer.StatusCode}";
                    if (problem is not null) wrong.Add($"{path}, {(close ? "closed" : "kept")}: {problem}");
                }
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private async Task<string?> DifferenceAsync(HttpContent content, int size)
    {
        if (content.Headers.ContentLength is { } length && length != size) return $"Content-Length {length}";
        using var body = await content.ReadAsStreamAsync();
        var buffer = new byte[1 << 17];
        var at = 0;
        try
        {
            while (await body.ReadAsync(buffer) is > 0 and var count)
            {
                if (count > size - at) return $"more than {size} bytes";
                if (!buffer.AsSpan(0, count).SequenceEqual(zoo.File.AsSpan(at, count))) return $"another byte after {at}";
                at += count;
            }
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException or OperationCanceledException)
        {
            return $"broken off after {at} bytes: {failure.Message}";
        }
        return at == size ? null : $"ended after {at} bytes";
    }

    [Fact]
    public async Task Script_is_a_module_like_any_other()
    {
        var client = zoo.With("standard").Client;
        foreach (var mount in Mounts)
        {
            var found = await client.GetStringAsync($"/{mount}/standard");
            Assert.True(found.Split('\n').Length == 8 && !found.Contains("False", StringComparison.Ordinal), $"{mount}: {found}");
        }
    }

    [Fact]
    public async Task Hgweb_is_cloned_and_pushed_to()
    {
        var frontEnd = zoo.With("hgweb");
        Programs.Need("hg");
        foreach (var mount in Mounts)
        {
            var url = new Uri(frontEnd.Uri, $"/{mount}/hgweb").ToString();
            Assert.Contains("a page of hgweb", await frontEnd.Client.GetStringAsync(url));
            var first = Path.Combine(zoo.Folder, $"first-{mount}");
            var second = Path.Combine(zoo.Folder, $"second-{mount}");
            await HgAsync("clone", url, first);
            File.Copy(Path.Combine(zoo.Folder, "files", $"{1 << 20}.bin"), Path.Combine(first, "file.bin"));
            await HgAsync("-R", first, "commit", "--addremove", "--message", "a file of 1 MiB", "--user", "zoo");
            await HgAsync("-R", first, "push", url);
            await HgAsync("clone", url, second);
            Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(first, "file.bin")),
                await File.ReadAllBytesAsync(Path.Combine(second, "file.bin")));
            Assert.Equal(zoo.File[..(1 << 20)], await frontEnd.Client.GetByteArrayAsync($"{url}/raw-file/tip/file.bin"));
        }

        static async Task HgAsync(params string[] arguments)
        {
            var (exit, output) = await Programs.RunAsync("hg", ["--config", "ui.interactive=no", .. arguments]);
            Assert.True(exit == 0, $"hg {string.Join(' ', arguments)}: {output}");
        }
    }

    [Fact]
    public async Task Radicale_keeps_events_and_lists_them()
    {
        var client = zoo.With("radicale").Client;
        foreach (var mount in Mounts)
        {
            var user = $"/{mount}/radicale/zoo";
            Assert.Contains("Radicale", await client.GetStringAsync($"/{mount}/radicale/.web/"));
            await ExpectAsync(HttpStatusCode.Created, new HttpRequestMessage(new("MKCALENDAR"), $"{user}/calendar/"));
            await ExpectAsync(HttpStatusCode.Created, Event("one"));
            await ExpectAsync(HttpStatusCode.Created, Event("two"));
            Assert.Contains(
                "SUMMARY:Grüße one",
                await ExpectAsync(HttpStatusCode.OK, new HttpRequestMessage(HttpMethod.Get, $"{user}/calendar/one.ics")));
            // Radicale itself takes a body without a length for none, whatever server it runs on.
            var chunked = Event("three");
            chunked.Headers.TransferEncodingChunked = true;
            await ExpectAsync(HttpStatusCode.BadRequest, chunked);
            var list = new HttpRequestMessage(new("PROPFIND"), $"{user}/calendar/")
            {
                Content = new StringContent("<propfind xmlns='DAV:'><prop><getetag/></prop></propfind>"),
            };
            list.Headers.Add("Depth", "1");
            var found = await ExpectAsync(HttpStatusCode.MultiStatus, list);
            Assert.True(found.Contains("/one.ics", StringComparison.Ordinal) && found.Contains("/two.ics", StringComparison.Ordinal),
                $"{mount}: {found}");

            HttpRequestMessage Event(string name) => new(HttpMethod.Put, $"{user}/calendar/{name}.ics")
            {
                Content = new StringContent(
                    $"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:zoo\nBEGIN:VEVENT\nUID:{name}\nDTSTAMP:20260101T000000Z\nDTSTART:20260101T000000Z\nSUMMARY:Grüße {name}\nEND:VEVENT\nEND:VCALENDAR\n",
                    Encoding.UTF8, "text/calendar"),
            };
        }

        async Task<string> ExpectAsync(HttpStatusCode status, HttpRequestMessage request)
        {
            using (request)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String("zoo:zoo"u8));
                using var answer = await client.SendAsync(request);
                var text = await answer.Content.ReadAsStringAsync();
                Assert.True(answer.StatusCode == status, $"{request.Method} {request.RequestUri}: {(int)answer.StatusCode} {text}");
                return text;
            }
        }
    }

    [Theory]
    [InlineData("ds", "script '{0}/standard_zoo.py'")]
    [InlineData("es", "script '{0}/standard_zoo.py'")]
    [InlineData("dm", "module 'standard_zoo:application'")]
    [InlineData("em", "module 'standard_zoo:application'")]
    public async Task Loading_is_logged_with_its_time_and_process(string mount, string what)
    {
        var frontEnd = zoo.With("standard");
        await frontEnd.Client.GetStringAsync($"/{mount}/standard");
        var expected = $"Loading WSGI {string.Format(System.Globalization.CultureInfo.InvariantCulture, what, zoo.Folder)} took ";
        var process = mount[0] == 'e' ? frontEnd.ProcessId
            : (await frontEnd.Control.GetStatusAsync()).Daemons.Single(
            daemon => daemon.Daemon == $"standard-{mount}").Workers.Single().ProcessId;
        await RunningFrontEnd.UntilAsync(
            () => frontEnd.LogLines()
                .Count(line => line.Contains(expected, StringComparison.Ordinal)
                && line.Contains($"in process {process}", StringComparison.Ordinal)) == 1, $"one '{expected}' of process {process}");
    }
}
