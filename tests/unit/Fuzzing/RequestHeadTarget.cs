using System.IO.Pipelines;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using DaemonProxy.Host.FrontEnd;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace DaemonProxy.Tests.Fuzzing;

/// <summary>
/// Whatever method, target, host and headers a request has, what goes to the daemon is exactly one request with the framing of its body, or
/// the request is refused as malformed. An input's lines are the method, the target, the host, and names and values by turns.
/// </summary>
internal static partial class RequestHeadTarget
{
    private sealed class Detection(bool canHaveBody) : IHttpRequestBodyDetectionFeature
    {
        public bool CanHaveBody => canHaveBody;
    }

    private sealed class NoBody : IRequestBodyPipeFeature
    {
        public PipeReader Reader { get; } = PipeReader.Create(Stream.Null);
    }

    private static readonly NoBody Body = new();
    private static readonly HttpConnectionFeature Connection = new()
    {
        RemoteIpAddress = IPAddress.Parse("192.0.2.1"),
        RemotePort = 5000,
        LocalIpAddress = IPAddress.Loopback,
        LocalPort = 8080,
    };

    public static void Check(byte[] input)
    {
        // As UTF-8: characters over 255 have to be met, too.
        var lines = Encoding.UTF8.GetString(input).Split('\n');
        Translated(lines, canHaveBody: false);
        Translated(lines, canHaveBody: true);
        Written(lines);
    }

    private static void Translated(string[] lines, bool canHaveBody)
    {
        var raw = lines.ElementAtOrDefault(1) ?? "";
        var request = new HttpRequestFeature
        {
            Method = lines[0],
            Protocol = "HTTP/1.1",
            Scheme = "http",
            RawTarget = raw,
            Path = "/",
            QueryString = "",
            Headers = new HeaderDictionary(),
        };
        request.Headers.Host = lines.ElementAtOrDefault(2) ?? "";
        for (var i = 3; i + 1 < lines.Length; i += 2)
        {
            // The server has read the length, as a number.
            if (lines[i].Equals("Content-Length", StringComparison.OrdinalIgnoreCase)
                && !(long.TryParse(lines[i + 1], out var length) && length >= 0)) continue;
            if (lines[i].Length > 0) request.Headers.Append(lines[i], lines[i + 1]);
        }
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(request);
        features.Set<IHttpRequestBodyDetectionFeature>(new Detection(canHaveBody));
        features.Set<IHttpConnectionFeature>(Connection);
        features.Set<IRequestBodyPipeFeature>(Body);
        var framing = RequestHeaders.ReadFraming(new HttpExchange(features));
        try
        {
            var requester = Requester.From(Connection, request, []);
            requester.Correct(Connection, request.Headers);
            using var head = RequestTranslator.Translate(new ClientExchange(features), requester, raw, upgrade: null, connection: null).Head;
            var text = OneRequest(head, framing);
            Assert.Single(text.Split("\r\n"), line => line.StartsWith("X-Forwarded-For:", StringComparison.OrdinalIgnoreCase));
            Assert.Contains("\r\nX-Forwarded-For: 192.0.2.1\r\n", text);
            Assert.DoesNotContain("\r\nX-DaemonProxy-", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(text.Split("\r\n")[1..], line => line.AsSpan(0, Math.Max(0, line.IndexOf(':'))).Contains('_'));
        }
        catch (BrokenResponseException refused)
        {
            Assert.Same(EventCatalogue.RequestMalformed, refused.Reason);
        }
    }

    /// <summary>The writer alone, with nothing that checks before it.</summary>
    private static void Written(string[] lines)
    {
        using var head = new RequestHead();
        var framing = (lines.Length % 3) switch
        {
            0 => RequestFraming.None,
            1 => RequestFraming.Chunked,
            _ => RequestFraming.OfLength(lines.Length),
        };
        try
        {
            head.Start(lines[0], lines.ElementAtOrDefault(1) ?? "", lines.ElementAtOrDefault(2) ?? "");
            for (var i = 3; i + 1 < lines.Length; i += 2)
                if (!RequestHead.IsOwn(lines[i])) head.Add(lines[i], lines[i + 1]);
            head.End(framing);
        }
        catch (BrokenResponseException refused)
        {
            Assert.Same(EventCatalogue.RequestMalformed, refused.Reason);
            return;
        }
        OneRequest(head, framing);
    }

    private static string OneRequest(RequestHead head, RequestFraming framing)
    {
        // In a release build nothing else has checked it.
        RequestHeadCheck.Check(head.Bytes.Span, framing);
        var text = Encoding.Latin1.GetString(head.Bytes.Span);
        Assert.Matches(Grammar(), text);
        var expected = framing.InChunks ? ["Transfer-Encoding: chunked"]
            : framing.Length is { } length ? new[] { $"Content-Length: {length}" } : [];
        Assert.Equal(expected, text.Split("\r\n").Where(line => Framing().IsMatch(line)));
        Assert.Single(text.Split("\r\n"), line => line.StartsWith("host:", StringComparison.OrdinalIgnoreCase));
        return text;
    }

    [GeneratedRegex(
        @"\A[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [\x21-\x7e\x80-\xff]+ HTTP/1\.1\r\n([!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)+\r\n\z")]
    private static partial Regex Grammar();

    [GeneratedRegex(@"\A(content-length|transfer-encoding):", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Framing();
}
