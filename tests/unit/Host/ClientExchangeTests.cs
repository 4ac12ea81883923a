using System.Net;
using System.Text;
using CsCheck;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Host.FrontEnd;
using DaemonProxy.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>Requests that come one after another on a connection are read as if each were the first.</summary>
public sealed class ClientExchangeTests
{
    private static readonly IReadOnlyList<IPNetwork> Nobody = [];
    private static readonly IReadOnlyList<IPNetwork>[] Trusted =
        [Nobody, [IPNetwork.Parse("192.0.2.0/24")], [IPNetwork.Parse("10.0.0.0/8")]];

    private static readonly IPAddress[] Peers =
        [IPAddress.Parse("192.0.2.1"), IPAddress.Parse("192.0.2.2"), IPAddress.Parse("::ffff:192.0.2.1")];

    private static readonly string[] Methods = ["GET", "PUT", "HEAD", "OPTIONS", "CONNECT", "get", "BREW", "G T"];

    private static readonly (string Scheme, string Protocol)[] Servers = [("https", "HTTP/1.1"), ("http", "HTTP/1.0"), ("https", "HTTP/2")];

    // Targets and fields that differ as little as two can, and all that mean something to whoever reads them.
    private static readonly string[] Targets =
    [
        "/a", "/b", "/A", "/a?", "/a?q", "/a?p", "/a?Q", "/a/", "/%61", "/%2F", "/%2f", "/a%2Fb", "/a b", "/a#b", "/..", "/./a", "*",
        "http://shop/a", "http://shop/b", "https://shop/a", "ftp://shop/a", "/\xe9", "/" + new string('x', 255), "/" + new string('x', 256),
        "/" + new string('y', 256), "",
    ];

    private static readonly (string Name, string[] Values)[] Fields =
    [
        ("Host", ["shop"]), ("Host", ["shoq"]), ("Host", ["Shop"]), ("Host", [""]), ("Host", ["a b"]), ("host", ["shop"]),
        ("Accept", ["a"]), ("Accept", ["b"]), ("Accept", ["A"]), ("Accept", [""]), ("Accept", ["a", "b"]), ("Accept", ["a,b"]),
        ("accept", ["a"]), ("Accepu", ["a"]), ("Acc", ["epta"]), ("Accept", ["a\x01"]), ("Acc ept", ["a"]), ("Accept", ["\xe9"]),
        ("Accept", ["\u0119"]), ("Connection", ["Accept"]), ("Connection", ["accept"]), ("Connection", ["close"]),
        ("Connection", ["X-Forwarded-For"]), ("Keep-Alive", ["5"]), ("TE", ["trailers"]), ("TE", ["gzip"]),
        ("X-Forwarded-For", ["203.0.113.9"]), ("X-Forwarded-For", ["203.0.113.8"]), ("X-Forwarded-Host", ["inner"]),
        ("X-Forwarded-Proto", ["https"]), ("X-Real-IP", ["203.0.113.9"]), ("X_Forwarded_For", ["203.0.113.9"]), ("Proxy", ["x"]),
        ("X-DaemonProxy-Connection", ["x"]), (":authority", ["shop"]), ("Content-Length", ["0"]), ("Content-Length", ["5"]),
        ("Transfer-Encoding", ["chunked"]), ("Transfer-Encoding", ["gzip"]), ("Cookie", [new string('c', 1900)]),
        ("Cookie", [new string('c', 2100)]),
    ];

    private sealed record Request(
        string Method, string Target, string Scheme, string Protocol, bool HasBody, int Peer, int Trust, EncodedSlashes Slashes,
        string Mount, int[] Fields);

    private static readonly Gen<Request> AnyRequest = Gen.Select(
        Gen.Frequency((4, Gen.Const("GET")), (1, Gen.Int[0, Methods.Length - 1].Select(i => Methods[i]))),
        Gen.Frequency((2, Gen.Const("/a")), (3, Gen.Int[0, Targets.Length - 1].Select(i => Targets[i]))),
        Gen.Frequency((6, Gen.Const(("http", "HTTP/1.1"))), (1, Gen.Int[0, 2].Select(i => Servers[i]))),
        Gen.Frequency((5, Gen.Const(false)), (1, Gen.Const(true))),
        Gen.Frequency((5, Gen.Const((0, 0))), (1, Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2]))),
        // What a reload of the configuration changes.
        Gen.Frequency(
            (6, Gen.Const((EncodedSlashes.Refuse, ""))),
            (1, Gen.Select(Gen.Enum<EncodedSlashes>(), Gen.Int[0, 1].Select(i => i == 0 ? "" : "/m")))),
        Gen.Frequency(
            (2, Gen.Int[0, 3].Select(count => new[] { 0, 6, 23 }[..count])), (3, Gen.Int[0, Fields.Length - 1].Array[0, 8])),
        (method, target, server, hasBody, sender, configuration, fields) => new Request(
            method, target, server.Item1, server.Item2, hasBody, sender.Item1, sender.Item2, configuration.Item1, configuration.Item2,
            fields));

    [Fact]
    public void Request_after_others_is_read_as_the_first_is() => AnyRequest.Array[1, 8].Sample(requests =>
    {
        var connection = new Connection();
        foreach (var request in requests)
        {
            // The same request twice finds all that can be found.
            for (var i = 0; i < 2; i++) Assert.Equal(new Connection().Serve(request), connection.Serve(request));
        }
    }, iter: 3_000);

    [Fact]
    public void Request_that_differs_from_the_one_before_in_a_single_thing_is_read_anew()
    {
        var usual = new Request("GET", "/a", "http", "HTTP/1.1", false, 0, 0, EncodedSlashes.Refuse, "", [0, 6]);
        Request[][] alike =
        [
            [.. Fields.Select((_, i) => usual with { Fields = [0, i] })],
            [.. Targets.Select(target => usual with { Target = target })],
            [.. Methods.Select(method => usual with { Method = method })],
            [.. Servers.Select(server => usual with { Scheme = server.Scheme, Protocol = server.Protocol }), usual],
            [.. Enum.GetValues<EncodedSlashes>().Select(slashes => usual with { Target = "/a%2Fb", Slashes = slashes })],
            [usual, usual with { Mount = "/m" }, usual with { HasBody = true }, usual with { Fields = [0] },
                usual with { Fields = [0, 6, 23] }, usual with { Peer = 1 }, usual with { Peer = 2 }, usual with { Trust = 1 }, usual with { Trust = 2 }],
        ];
        foreach (var requests in alike)
        {
            foreach (var first in requests)
            {
                foreach (var second in requests)
                {
                    var connection = new Connection();
                    connection.Serve(first);
                    connection.Serve(first);
                    Assert.Equal(new Connection().Serve(second), connection.Serve(second));
                }
            }
        }
    }

    [Fact]
    public void Fields_and_a_target_that_stay_the_same_are_not_read_again()
    {
        var connection = new Connection();
        var request = new Request("GET", "/a?q", "http", "HTTP/1.1", false, 0, 0, EncodedSlashes.Refuse, "", [0, 6]);
        connection.Serve(request);
        var (requester, path, query) = (connection.Exchange.RequesterOf(Nobody), connection.Target.Path.Encoded, connection.Target.Query);
        Assert.False(connection.Exchange.Fields.AreRecognised);
        connection.Serve(request with { Method = "GET" });
        Assert.True(connection.Exchange.Fields.AreRecognised);
        Assert.Same(requester, connection.Exchange.RequesterOf(Nobody));
        Assert.Same(path, connection.Target.Path.Encoded);
        Assert.Same(query, connection.Target.Query);
        var head = connection.Exchange.Fields.Head("GET", "/a?q");
        Assert.NotNull(head);
        Assert.Null(connection.Exchange.Fields.Head("PUT", "/a?q"));
        Assert.Null(connection.Exchange.Fields.Head("GET", "/a?p"));
        connection.Serve(request);
        Assert.Same(head, connection.Exchange.Fields.Head("GET", "/a?q"));
        connection.Serve(request with { Target = "/b" });
        Assert.True(connection.Exchange.Fields.AreRecognised);
        connection.Serve(request with { Fields = [0, 7] });
        Assert.False(connection.Exchange.Fields.AreRecognised);
        Assert.Null(connection.Exchange.Fields.Head("GET", "/a?q"));
        // The networks of a configuration that has been loaded anew are others, even if they are equal.
        Assert.NotSame(requester, connection.Exchange.RequesterOf([IPNetwork.Parse("10.0.0.0/8")]));
    }

    /// <summary>What a server keeps of a connection from one request to the next.</summary>
    private sealed class Connection : IHttpRequestBodyDetectionFeature
    {
        private readonly HttpRequestFeature _request = new();
        private readonly HttpConnectionFeature _connection = new()
        {
            LocalIpAddress = IPAddress.Loopback,
            LocalPort = 80,
            RemotePort = 5000,
        };

        public Connection()
        {
            var features = new FeatureCollection();
            features.Set<IHttpRequestFeature>(_request);
            features.Set<IHttpConnectionFeature>(_connection);
            features.Set<IHttpRequestBodyDetectionFeature>(this);
            Exchange = new(features);
        }

        public ClientExchange Exchange { get; }

        public RequestTarget Target { get; private set; }

        public bool CanHaveBody { get; private set; }

        /// <summary>Everything that is made of a request, in the steps of the front end.</summary>
        public string Serve(Request request)
        {
            (_request.Method, _request.RawTarget) = (request.Method, request.Target);
            (_request.Scheme, _request.Protocol) = (request.Scheme, request.Protocol);
            _request.Headers = new HeaderDictionary();
            foreach (var field in request.Fields)
            {
                var (name, values) = Fields[field];
                // As the server does.
                if (name != "Content-Length") _request.Headers.Append(name, new StringValues(values));
                else _request.Headers.ContentLength = long.Parse(values[0]);
            }
            (_connection.RemoteIpAddress, CanHaveBody) = (Peers[request.Peer], request.HasBody);
            try
            {
                var requester = Exchange.RequesterOf(Trusted[request.Trust]);
                requester.Correct(_connection, _request.Headers);
                RefusedRequest.Check(Exchange, requester);
                Target = Exchange.TargetBy(request.Slashes);
                // The body's reader belongs to no test of heads.
                using var body = request.HasBody ? new MemoryStream() : null;
                var reader = body is null ? null : System.IO.Pipelines.PipeReader.Create(body);
                using var head = RequestTranslator.Translate(
                    Exchange, requester, request.Mount + Target.Path.Encoded + Target.Query, upgrade: null, connection: null, reader).Head;
                return $"{requester} {Target} {Encoding.Latin1.GetString(head.Bytes.Span)}";
            }
            catch (BrokenResponseException broken)
            {
                return $"{broken.Reason.Code} {broken.Message}";
            }
        }
    }
}
