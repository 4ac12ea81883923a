using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd.UploadMatrix;

/// <summary>
/// Every body that a client can send arrives whole at a WSGI application, however it is framed and however it is read, and ends where it
/// ends. A change on a request body's way passes here before it counts as none.
/// </summary>
public sealed class UploadMatrixTests(UploadMatrixTests.Site site, ITestOutputHelper log) : IClassFixture<UploadMatrixTests.Site>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private const int Connections = 3;

    /// <summary>One front end for all tests.</summary>
    public sealed class Site : IAsyncLifetime
    {
        internal RunningFrontEnd? FrontEnd { get; private set; }

        public async ValueTask InitializeAsync()
        {
            try { PythonFinder.Find(null); }
            catch (PythonException) { return; }
            var folder = TlsTests.Files();
            File.Copy(Path.Combine(RepositoryRoot.Path, "tests/unit/EndToEnd/apps/reads.wsgi"), Path.Combine(folder, "reads.wsgi"));
            FrontEnd = await RunningFrontEnd.StartAsync("""
                name: upload-matrix
                listen: [ "http://127.0.0.1:0", "https://127.0.0.1:0" ]
                tls: { certificate: site.pem, key: site.key }
                daemons: [ { name: wsgi, application: reads.wsgi, threads: 8 } ]
                routes: [ { path: /daemon, daemon: wsgi }, { path: /embedded, application: reads.wsgi } ]
                """, folder);
        }

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

    [Fact]
    public async Task Every_body_arrives_whole_however_it_is_read()
    {
        var frontEnd = FrontEnd;
        using var http2 = TlsTests.Client(frontEnd.Status.Uris[1], HttpVersion.Version20);
        var wrong = new ConcurrentBag<string>();
        var (count, longest) = (0, TimeSpan.Zero);
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(async number =>
        {
            using var connection = new UploadConnection(frontEnd.Uri);
            foreach (var one in UploadCase.All().Where((_, i) => i % Connections == number))
            {
                var start = Stopwatch.GetTimestamp();
                using var limit = new CancellationTokenSource(Limit);
                try
                {
                    var answer = one.Framing == "http2" ? await Http2Async(http2, one, limit.Token)
                        : await connection.SendAsync(one, limit.Token);
                    if (answer != one.Answer) wrong.Add($"{one}: {answer}");
                }
                catch (Exception failure)
                {
                    connection.Dispose();
                    wrong.Add($"{one}: {failure.GetType().Name}: {failure.Message}");
                }
                var took = Stopwatch.GetElapsedTime(start);
                if (took > longest) longest = took;
                Interlocked.Increment(ref count);
                // One that hangs would be followed by hundreds, each for the whole limit.
                if (wrong.Count > 20) return;
            }
        }));
        log.WriteLine($"{count} uploads, the longest in {longest.TotalMilliseconds:0} ms");
        Assert.True(wrong.IsEmpty, $"{wrong.Count} of {count} uploads are wrong:\n{string.Join('\n', wrong.Order().Take(20))}");
    }

    [Theory]
    [InlineData("daemon")]
    [InlineData("embedded")]
    public async Task What_is_asked_for_is_given_as_soon_as_it_has_come(string mode)
    {
        using var connection = new UploadConnection(FrontEnd.Uri);
        using var limit = new CancellationTokenSource(Limit);
        await connection.ConnectAsync(limit.Token);
        await connection.SendAsync($"POST /{mode}?how=echo HTTP/1.1\r\nHost: x\r\nContent-Length: 25\r\n\r\n", limit.Token);
        var answer = new List<string>();
        // Each piece is sent once the application has answered the one before: it must not have waited for more.
        foreach (var piece in new[] { "line\n", "12345", "another\n", "the end" })
        {
            await connection.SendAsync(piece, limit.Token);
            if (answer.Count == 0)
            {
                while (await connection.LineAsync(limit.Token) is { Length: > 0 })
                {
                }
            }
            Assert.Equal($"{piece.Length:x}", await connection.LineAsync(limit.Token));
            answer.Add(await connection.LineAsync(limit.Token));
        }
        Assert.Equal(["line\n", "12345", "another\n", "the end"], answer);
        Assert.Equal("0", await connection.LineAsync(limit.Token));
    }

    [Theory]
    [InlineData("daemon", "all")]
    [InlineData("embedded", "all")]
    [InlineData("daemon", "10MiB")]
    [InlineData("embedded", "10MiB")]
    [InlineData("daemon", "iteration")]
    [InlineData("embedded", "iteration")]
    public async Task Client_that_leaves_ends_the_read(string mode, string how)
    {
        using var limit = new CancellationTokenSource(Limit);
        var before = int.Parse(await FrontEnd.Client.GetStringAsync($"/{mode}?how=broken", limit.Token));
        using (var connection = new UploadConnection(FrontEnd.Uri))
        {
            await connection.ConnectAsync(limit.Token);
            await connection.SendAsync($"POST /{mode}?leaves=1&how={how} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
                + new string('x', 300_000), limit.Token);
            // Else it might have left before the application was called.
            while (await connection.LineAsync(limit.Token) != "begun")
            {
            }
        }
        while (int.Parse(await FrontEnd.Client.GetStringAsync($"/{mode}?how=broken", limit.Token)) == before)
            await Task.Delay(10, limit.Token);
    }

    private static async Task<string> Http2Async(HttpClient client, UploadCase one, CancellationToken limit)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, one.Target)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ReadOnlyMemoryContent(one.Body),
        };
        using var response = await client.SendAsync(request, limit);
        return response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync(limit) : $"{response.StatusCode}";
    }
}
