using System.Text;
using BenchmarkDotNet.Attributes;
using DaemonProxy.Daemons;

namespace DaemonProxy.Micro;

/// <summary>A response's head, read into the strings that the front end passes on.</summary>
[MemoryDiagnoser]
public class ResponseHeadBenchmarks
{
    private const int LongestLine = 32_768;
    private static readonly byte[] Short = Encoding.Latin1.GetBytes(
        "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Tue, 24 Nov 2026 21:45:23 GMT\r\nContent-Type: text/plain\r\nContent-Length: "
        + "13\r\nConnection: keep-alive\r\n\r\n");
    private static readonly byte[] Long = Encoding.Latin1.GetBytes(
        "HTTP/1.1 200 OK\r\nServer: gunicorn\r\nDate: Tue, 24 Nov 2026 21:45:23 GMT\r\nConnection: keep-alive\r\nTransfer-Encoding: "
        + "chunked\r\nContent-Type: text/html; charset=utf-8\r\n" +
        "X-Frame-Options: DENY\r\nVary: Cookie, Accept-Language\r\nContent-Language: en\r\nX-Content-Type-Options: "
        + "nosniff\r\nReferrer-Policy: same-origin\r\n" +
        "Cross-Origin-Opener-Policy: same-origin\r\nCache-Control: max-age=0, no-cache, no-store, must-revalidate, private\r\nExpires: "
        + "Tue, 24 Nov 2026 21:45:23 GMT\r\n" +
        "Set-Cookie: csrftoken=0123456789abcdef0123456789abcdef; expires=Tue, 23 Nov 2027 21:45:23 GMT; Max-Age=31449600; Path=/; "
        + "SameSite=Lax\r\n\r\n");

    [Benchmark]
    public int Head_of_nginx() => Read(Short);

    [Benchmark]
    public int Head_of_Django() => Read(Long);

    private static int Read(byte[] input) => new ResponseHeadReader(LongestLine).Read(input, toHead: false, out _)!.Headers.Count;
}
