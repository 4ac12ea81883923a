using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using DaemonProxy.Embedded;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd.ResponseMatrix;

/// <summary>
/// Every response that an application can make arrives whole, and ends when it ends: each kind of daemon, each framing, each way to give
/// blocks, sizes around every buffer, over each version of HTTP, on kept connections and closed ones. A change on a response's way passes
/// here before it counts as none.
/// </summary>
public sealed class ResponseMatrixTests(ITestOutputHelper log)
{
    // What hangs ends by socket-timeout, 60 s; what ends by itself takes milliseconds, and on a busy machine some hundred.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);
    private const int Connections = 3;

    [Fact]
    public async Task Every_response_arrives_whole_and_ends()
    {
        var hasPython = HasPython();
        var folder = TlsTests.Files();
        File.Copy(Path.Combine(RepositoryRoot.Path, "tests/unit/EndToEnd/apps/matrix.wsgi"), Path.Combine(folder, "matrix.wsgi"));
        using var blocks = new BlockServer(Path.Combine(folder, "blocks"));
        await using var frontEnd = await RunningFrontEnd.StartAsync($"""
            name: matrix
            listen: [ "http://127.0.0.1:0", "https://127.0.0.1:0" ]
            tls: {"{"} certificate: site.pem, key: site.key {"}"}
            daemons:
            {(hasPython ? "  - { name: wsgi, application: matrix.wsgi, threads: 8 }" : "")}
              - {"{"} name: tcp, address: "http://127.0.0.1:{blocks.Port}" {"}"}
              - {"{"} name: unix, address: "unix:{Path.Combine(folder, "blocks")}" {"}"}
            routes:
            {(hasPython ? "  - { path: /daemon, daemon: wsgi }\n  - { path: /embedded, application: matrix.wsgi }" : "")}
              - {"{"} path: /tcp, daemon: tcp {"}"}
              - {"{"} path: /unix, daemon: unix {"}"}
            """, folder);

        string[] wsgi = ["list", "generator", "write", "mixed", "file"];
        var cases = new List<MatrixCase>();
        foreach (var mode in hasPython ? new[] { "daemon", "embedded" } : [])
            cases.AddRange(MatrixCase.All(mode, ["declared", "none"], wsgi));
        foreach (var mode in new[] { "tcp", "unix" }) cases.AddRange(MatrixCase.All(mode, ["declared", "none", "close"], ["list"]));

        var wrong = new ConcurrentBag<string>();
        var (count, longest) = (0, TimeSpan.Zero);
        foreach (var (client, every) in new[] { ("kept", 1), ("closed", 3), ("1.0", 3), ("2", 2) })
        {
            // The shorter series meet each case in turn: which ones, moves on with the kind of client.
            var series = cases.Where((_, i) => i % every == 0).ToList();
            await Task.WhenAll(Enumerable.Range(0, Connections).Select(async number =>
            {
                foreach (var one in series.Where((_, i) => i % Connections == number))
                {
                    var start = Stopwatch.GetTimestamp();
                    if (await AskAsync(client, number, one) is { } fault) wrong.Add($"{client}: {one}: {fault}");
                    var took = Stopwatch.GetElapsedTime(start);
                    if (took > longest) longest = took;
                    Interlocked.Increment(ref count);
                    // One that hangs would be followed by hundreds, each for the whole limit.
                    if (wrong.Count > 20) return;
                }
            }));
        }
        foreach (var client in _raw.Values) client.Dispose();
        _http2?.Dispose();
        log.WriteLine($"{count} responses, the longest in {longest.TotalMilliseconds:0} ms");
        Assert.True(wrong.IsEmpty, $"{wrong.Count} of {count} responses are wrong:\n{string.Join('\n', wrong.Order().Take(20))}");

        async Task<string?> AskAsync(string client, int number, MatrixCase one)
        {
            using var limit = new CancellationTokenSource(Limit);
            try
            {
                return client == "2"
                    ? await Http2Async(frontEnd.Status.Uris[1], one, limit.Token)
                    : await Http1Async(frontEnd.Uri, client, number, one, limit.Token);
            }
            catch (Exception failure)
            {
                if (_raw.TryGetValue((client, number), out var raw)) raw.Close();
                return $"{failure.GetType().Name}: {failure.Message}";
            }
        }
    }

    private readonly ConcurrentDictionary<(string, int), RawClient> _raw = [];
    private HttpClient? _http2;

    private async Task<string?> Http1Async(Uri uri, string client, int number, MatrixCase one, CancellationToken limit)
    {
        var raw = _raw.GetOrAdd((client, number), _ => new RawClient(uri, client == "1.0" ? "1.0" : "1.1", keeps: client == "kept"));
        var (status, headers, body) = await raw.SendAsync(one.Method, one.Target, limit);
        if (status != one.Status) return $"the status is {status}";
        var length = headers.TryGetValue("Content-Length", out var text) ? long.Parse(text) : (long?)null;
        return Compare(one, length, body);
    }

    private async Task<string?> Http2Async(Uri uri, MatrixCase one, CancellationToken limit)
    {
        _http2 ??= TlsTests.Client(uri, HttpVersion.Version20);
        using var request = new HttpRequestMessage(
            new HttpMethod(one.Method), one.Target)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact
        };
        using var response = await _http2.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit);
        if ((int)response.StatusCode != int.Parse(one.Status[..3])) return $"the status is {(int)response.StatusCode}";
        var length = response.Content.Headers.TryGetValues("Content-Length", out var values) ? long.Parse(values.Single()) : (long?)null;
        return Compare(one, length, await response.Content.ReadAsByteArrayAsync(limit));
    }

    private static string? Compare(MatrixCase one, long? length, byte[] body)
    {
        // An answer to HEAD and a 304 say how long the body would be (RFC 9110, section 8.6), where the application has said it.
        if (one.Length == "declared" && length != one.Total)
            return $"its Content-Length is {length?.ToString() ?? "missing"}, not {one.Total}";
        if (!one.HasBody) return body.Length == 0 ? null : $"it has a body of {body.Length} bytes";
        return BlockServer.Fault(body, one.Total);
    }

    private static bool HasPython()
    {
        try { return PythonFinder.Find(null) is not null; }
        catch (PythonException) { return false; }
    }
}
