using System.IO.Pipelines;
using System.Net;
using System.Text;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using DaemonProxy.Host.FrontEnd;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>
/// What a daemon gets for a client's request: one request, framed as its body is sent, whatever the client's headers name.
/// </summary>
public sealed class RequestTranslatorTests
{
    private sealed class Detection(bool canHaveBody) : IHttpRequestBodyDetectionFeature
    {
        public bool CanHaveBody => canHaveBody;
    }

    private static FeatureCollection Request(string method, bool canHaveBody, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestFeature
        {
            Method = method,
            Protocol = "HTTP/1.1",
            Scheme = "http",
            Path = "/a",
            RawTarget = "/a",
            QueryString = "",
            Headers = new HeaderDictionary(),
        };
        foreach (var (name, value) in headers) request.Headers.Append(name, value);
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(request);
        features.Set<IHttpRequestBodyDetectionFeature>(new Detection(canHaveBody));
        features.Set<IHttpConnectionFeature>(new HttpConnectionFeature
        {
            RemoteIpAddress = IPAddress.Parse("192.0.2.1"),
            RemotePort = 5000,
            LocalIpAddress = IPAddress.Loopback,
            LocalPort = 8080,
        });
        features.Set<IRequestBodyPipeFeature>(new RequestBody());
        return features;
    }

    private sealed class RequestBody : IRequestBodyPipeFeature
    {
        public PipeReader Reader { get; } = PipeReader.Create(Stream.Null);
    }

    /// <summary>The lines of the head that the daemon gets.</summary>
    private static List<string> Lines(FeatureCollection features, params IPNetwork[] trusted)
    {
        var (request, connection) = (features.GetRequiredFeature<IHttpRequestFeature>(), features.Get<IHttpConnectionFeature>());
        var requester = Requester.From(connection, request, trusted);
        requester.Correct(connection, request.Headers);
        using var head = RequestTranslator.Translate(new ClientExchange(features), requester, "/a", upgrade: null, connection: null).Head;
        return [.. Encoding.Latin1.GetString(head.Bytes.Span).Split("\r\n")];
    }

    private static readonly string[] Names =
        ["Content-Length", "Host", "Trailer", "Expect", "Transfer-Encoding", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
            "Connection", "close"];

    private static readonly Func<string, string>[] Spellings =
        [name => name, name => name.ToLowerInvariant(), name => name.ToUpperInvariant(), name => $"close, {name}",
            name => $"{name},,{name}", name => $" \t{name}\t ", name => $"{name}, keep-alive"];

    [Fact]
    public void Connection_header_takes_away_nothing_that_frames_or_addresses_the_message()
    {
        foreach (var name in Names)
        {
            foreach (var spelled in Spellings)
            {
                var sized = Lines(
                    Request("POST", true, ("Host", "shop"), ("Content-Length", "5"), ("Expect", "100-continue"),
                    ("Connection", spelled(name))));
                Assert.Equal(1, sized.Count(line => line == "Content-Length: 5"));
                Assert.Equal(1, sized.Count(line => line == "Host: shop"));
                Assert.Contains("Expect: 100-continue", sized);
                Assert.Contains("X-Forwarded-For: 192.0.2.1", sized);
                Assert.Contains("X-Forwarded-Host: shop", sized);
                Assert.DoesNotContain(
                    sized, line => line.StartsWith("Connection", StringComparison.OrdinalIgnoreCase)
                    || line.StartsWith("Transfer-Encoding"));

                var chunked = Lines(
                    Request("POST", true, ("Host", "shop"), ("Transfer-Encoding", "chunked"), ("Trailer", "X-Sum"),
                    ("Connection", spelled(name))));
                Assert.Equal(1, chunked.Count(line => line == "Transfer-Encoding: chunked"));
                Assert.Contains("Trailer: X-Sum", chunked);
                Assert.DoesNotContain(chunked, line => line.StartsWith("Content-Length"));
            }
        }
    }

    [Fact]
    public void Header_that_the_client_names_for_this_connection_goes_no_further()
    {
        var lines = Lines(Request("GET", false, ("Host", "shop"), ("X-Hop", "1"), ("X-Kept", "2"), ("Connection", "x-hop")));
        Assert.Contains("X-Kept: 2", lines);
        Assert.DoesNotContain(lines, line => line.StartsWith("X-Hop"));
    }

    [Theory]
    [InlineData("GET", false, null, null)]
    [InlineData("POST", false, "0", "Content-Length: 0")]
    [InlineData("POST", true, "5", "Content-Length: 5")]
    [InlineData("POST", true, null, "Transfer-Encoding: chunked")]
    public void Framing_is_said_once_and_is_that_of_the_body(string method, bool canHaveBody, string? length, string? expected)
    {
        var features = length is null
            ? Request(method, canHaveBody, ("Host", "x")) : Request(method, canHaveBody, ("Host", "x"), ("Content-Length", length));
        var framing = Lines(features).Where(line => line.StartsWith("Content-Length") || line.StartsWith("Transfer-Encoding"));
        Assert.Equal(expected is null ? [] : [expected], framing);
        Assert.Equal(expected is not null && length != "0", RequestHeaders.ReadFraming(new HttpExchange(features)).HasBody);
    }

    [Fact]
    public void Request_without_a_host_is_for_the_address_that_it_came_to()
    {
        var lines = Lines(Request("GET", false));
        Assert.Equal(["GET /a HTTP/1.1", "Host: 127.0.0.1:8080"], lines[..2]);
    }

    [Fact]
    public void Headers_of_a_trusted_proxy_pass_and_those_of_anybody_else_do_not()
    {
        (string, string)[] sent =
        [
            ("Host", "inner"), ("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "shop.example"),
                ("X-Forwarded-User", "ada"),
            ("X-Forwarded-Email", "ada@example"), ("X-Forwarded-Port", "8443"), ("X-Forwarded-Prefix", "/shop"),
                ("X-Forwarded-Client-Cert", "Hash=1"),
        ];
        var stranger = Lines(Request("GET", false, sent)).Where(line => line.StartsWith("X-Forwarded-")).Order();
        Assert.Equal(["X-Forwarded-For: 192.0.2.1", "X-Forwarded-Host: inner", "X-Forwarded-Proto: http"], stranger);

        var proxy = Lines(Request("GET", false, sent), IPNetwork.Parse("192.0.2.0/24")).Where(line => line.StartsWith("X-Forwarded-"))
            .Order(StringComparer.Ordinal);
        Assert.Equal(
            [
                "X-Forwarded-Client-Cert: Hash=1", "X-Forwarded-Email: ada@example", "X-Forwarded-For: 203.0.113.9, 192.0.2.1",
                "X-Forwarded-Host: shop.example",
                "X-Forwarded-Port: 8443", "X-Forwarded-Prefix: /shop", "X-Forwarded-Proto: https", "X-Forwarded-User: ada",
            ],
            proxy);
    }

    [Theory]
    [InlineData("X-Bad\r\nX", "a")]
    [InlineData("X-Bad:", "a")]
    [InlineData("X Bad", "a")]
    [InlineData("X-Bad", "a\r\nContent-Length: 5")]
    [InlineData("X-Bad", "a\nb")]
    [InlineData("X-Bad", "a\0b")]
    [InlineData("X-Bad", "a\x7f")]
    [InlineData("X-Bad", "a\v")]
    [InlineData("X-Bad", "\u0153")]
    public void Header_that_no_daemon_may_see_is_the_clients_mistake(string name, string value)
    {
        var broken = Assert.Throws<BrokenResponseException>(() => Lines(Request("GET", false, ("Host", "x"), (name, value))));
        Assert.Equal(EventCatalogue.RequestMalformed, broken.Reason);
        Assert.Equal(400, broken.Reason.Status);
    }

    [Theory]
    [InlineData("GET /evil HTTP/1.1\r\nX:", "/a", "x")]
    [InlineData("GET", "/a b", "x")]
    [InlineData("GET", "/a\r\nX: y", "x")]
    [InlineData("GET", "/a", "x\r\ny")]
    [InlineData("GET", "", "x")]
    public void Request_line_and_host_hold_nothing_that_would_end_them(string method, string target, string host)
    {
        using var head = new RequestHead();
        Assert.Equal(EventCatalogue.RequestMalformed,
            Assert.Throws<BrokenResponseException>(() => head.Start(method, target, host)).Reason);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "0 hosts")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "2 hosts")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", "does not frame")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "does not frame")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n", "malformed line")]
    [InlineData("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", "request line")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n", "empty line")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "malformed line")]
    public void Check_of_a_debug_build_finds_what_a_strict_daemon_would(string head, string complaint) =>
        Assert.Contains(
            complaint, Assert.Throws<InvalidOperationException>(
            () => RequestHeadCheck.Check(Encoding.Latin1.GetBytes(head), RequestFraming.None)).Message);
}
