using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Requests;
using Xunit;

namespace DaemonProxy.Tests.Requests;

/// <summary>Every form of a target is a path and a query, or is refused.</summary>
public sealed class RequestTargetTests
{
    [Theory]
    [InlineData("GET", "/a?b=%zz//../", "/a", "?b=%zz//../")]
    [InlineData("GET", "/?", "/", "?")]
    [InlineData("GET", "http://shop/x/../%64", "/d", "")]
    [InlineData("GET", "HTTPS://shop:8443?q", "/", "?q")]
    [InlineData("GET", "http://shop", "/", "")]
    [InlineData("OPTIONS", "*", "*", "")]
    public void Target_has_a_path_and_a_query(string method, string raw, string path, string query)
    {
        var target = RequestTarget.Parse(method, raw, EncodedSlashes.Refuse);
        Assert.Equal((path, query), (target.Path.Encoded, target.Query));
    }

    [Theory]
    [InlineData("GET", "*")]
    [InlineData("GET", "")]
    [InlineData("GET", null)]
    [InlineData("GET", "shop:80")]
    [InlineData("GET", "ftp://shop/a")]
    [InlineData("GET", "http:///a")]
    [InlineData("GET", "http://user@shop/a")]
    [InlineData("GET", "http://shop#/a")]
    [InlineData("GET", "/a?b#c")]
    [InlineData("GET", "/a?b\tc")]
    [InlineData("GET", "/a?b c")]
    public void Malformed_target_is_refused(string method, string? raw) =>
        Assert.Same(EventCatalogue.RequestMalformed,
            Assert.Throws<BrokenResponseException>(() => RequestTarget.Parse(method, raw, EncodedSlashes.Refuse)).Reason);

    [Fact]
    public void Connect_is_not_served() =>
        Assert.Same(EventCatalogue.MethodNotServed,
            Assert.Throws<BrokenResponseException>(() => RequestTarget.Parse("CONNECT", null, EncodedSlashes.Refuse)).Reason);
}
