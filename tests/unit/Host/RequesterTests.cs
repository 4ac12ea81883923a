using System.Net;
using DaemonProxy.Configuration;
using DaemonProxy.Host.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>Whose request it is: the one who is connected, or the client that a trusted proxy speaks for.</summary>
public sealed class RequesterTests
{
    private static Requester Of(
        string peer, string? forwardedFor = null, string? proto = null, string? host = null, string trusted = "10.0.0.0/8, 2001:db8::/32")
    {
        var request = new HttpRequestFeature { Scheme = "http", Headers = new HeaderDictionary() };
        if (forwardedFor is not null) request.Headers["X-Forwarded-For"] = forwardedFor.Split('|');
        if (proto is not null) request.Headers["X-Forwarded-Proto"] = proto;
        if (host is not null) request.Headers["X-Forwarded-Host"] = host;
        var networks = trusted.Length == 0 ? [] : ConfigurationOf(trusted).TrustedProxies;
        return Requester.From(new HttpConnectionFeature { RemoteIpAddress = IPAddress.Parse(peer), RemotePort = 5000 }, request, networks);
    }

    private static ProxyConfiguration ConfigurationOf(string trusted) =>
        ConfigurationFile.Parse($"trusted-proxies: [ '{trusted.Replace(", ", "', '")}' ]", "x.yaml", "/");

    [Theory]
    [InlineData("192.0.2.1", "203.0.113.9", "192.0.2.1")] // nobody's word but a trusted proxy's counts
    [InlineData("10.0.0.1", "203.0.113.9", "203.0.113.9")]
    [InlineData("10.0.0.1", "198.51.100.7, 203.0.113.9", "203.0.113.9")] // what stands left of it, the client may have written
    [InlineData("10.0.0.1", "198.51.100.7, 203.0.113.9, 10.0.0.2, 10.9.9.9", "203.0.113.9")]
    [InlineData("10.0.0.1", "198.51.100.7|203.0.113.9|10.0.0.2", "203.0.113.9")]
    [InlineData("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3")] // all trusted: the first of them
    [InlineData("10.0.0.1", "203.0.113.9, unknown, 10.0.0.2", "10.0.0.2")] // no further than what is known
    [InlineData("10.0.0.1", "203.0.113.9:4711", "203.0.113.9")]
    [InlineData("10.0.0.1", "[2001:db9::7]:4711", "2001:db9::7")]
    [InlineData("10.0.0.1", "2001:db9::7", "2001:db9::7")]
    [InlineData("10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9")]
    [InlineData("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9")]
    [InlineData("2001:db8::1", "203.0.113.9", "203.0.113.9")]
    [InlineData("10.0.0.1", null, "10.0.0.1")]
    [InlineData("10.0.0.1", " , ", "10.0.0.1")]
    public void Client_is_the_rightmost_address_that_no_trusted_proxy_has(string peer, string? forwardedFor, string expected) =>
        Assert.Equal(expected, Of(peer, forwardedFor).Client!.ToString());

    [Theory]
    [InlineData("203.0.113.9", "https", "shop.example", "https", "shop.example")]
    [InlineData("203.0.113.9", "http, https", "evil.example, shop.example", "https", "shop.example")] // the last is the proxy's
    [InlineData("203.0.113.9, 10.0.0.2", "https, http", "shop.example, inner", "https",
        "shop.example")] // the one that the outer proxy gave
    [InlineData("203.0.113.9", "ftp", "a b", "http", null)]
    [InlineData("203.0.113.9", null, null, "http", null)]
    public void Scheme_and_host_are_those_of_the_proxy_that_gave_the_client(
        string forwardedFor, string? proto, string? host, string scheme, string? expected)
    {
        var requester = Of("10.0.0.1", forwardedFor, proto, host);
        Assert.Equal((scheme, expected), (requester.Scheme, requester.Host));
    }

    [Fact]
    public void Word_of_one_who_is_not_trusted_is_dropped()
    {
        var requester = Of("192.0.2.1", "203.0.113.9", "https", "evil.example");
        Assert.Equal(("http", null, "192.0.2.1", 5000), (requester.Scheme, requester.Host, requester.NextChain, requester.ClientPort));
        requester = Of("10.0.0.1", "203.0.113.9", "https", "evil.example", trusted: "");
        Assert.Equal(("http", null, "10.0.0.1"), (requester.Scheme, requester.Host, requester.NextChain));
    }

    [Fact]
    public void Chain_goes_on_with_the_peer_behind_it() =>
        Assert.Equal("198.51.100.7, 203.0.113.9, 10.0.0.1", Of("10.0.0.1", "198.51.100.7,203.0.113.9").NextChain);
}
