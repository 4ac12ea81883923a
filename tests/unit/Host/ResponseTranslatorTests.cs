using System.Reflection;
using DaemonProxy.Daemons;
using DaemonProxy.Host.FrontEnd;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>The headers of a response, on their way to the client.</summary>
public sealed class ResponseTranslatorTests
{
    private static IHeaderDictionary Translate(IHeaderDictionary before, params (string Name, string Value)[] headers)
    {
        var head = ResponseHead.Create(200, "OK", headers.Select(one => KeyValuePair.Create(one.Name, one.Value)), length: 5, toHead: false);
        var response = new HttpResponseFeature { Headers = before };
        ResponseTranslator.Translate(head, new HttpRequestFeature { Protocol = "HTTP/1.1" }, response);
        return response.Headers;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(14)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(40)]
    public void Header_that_comes_several_times_keeps_its_values_in_order(int between)
    {
        var others = Enumerable.Range(0, between).Select(i => ($"X-{i}", "x"));
        var headers = Translate(
            new HeaderDictionary(),
            [("Set-Cookie", "a"), .. others, ("set-cookie", "b"), ("X-Accel-Buffering", "no"), ("Set-Cookie", ""), ("Vary", "c"), ("VARY", "c")]);
        Assert.Equal(new StringValues(["a", "b", ""]), headers.SetCookie);
        Assert.Equal(new StringValues(["c", "c"]), headers.Vary);
        Assert.All(Enumerable.Range(0, between), i => Assert.Equal("x", headers[$"X-{i}"]));
        Assert.Equal(between + 3, headers.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    public void Header_without_a_value_is_left_out_wherever_it_stands(int before)
    {
        var others = Enumerable.Range(0, before).Select(i => ($"X-{i}", "x"));
        var headers = Translate(new HeaderDictionary(), [.. others, ("X-Empty", ""), ("X-Then", ""), ("X-Then", "b")]);
        Assert.False(headers.ContainsKey("X-Empty"));
        Assert.Equal("b", headers["X-Then"]);
    }

    [Fact]
    public void Header_that_the_server_has_set_already_is_kept() =>
        Assert.Equal(
            new StringValues(["first", "second"]), Translate(new HeaderDictionary { ["Vary"] = "first" }, ("Vary", "second")).Vary);

    [Fact]
    public void Usual_names_are_the_strings_of_the_server_itself()
    {
        var own = typeof(HeaderNames).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (string)field.GetValue(null)!).ToArray();
        var found = own.Where(name => ReferenceEquals(name, UsualNames.Find(new string(name.AsSpan())))).ToArray();
        Assert.Superset(
            new HashSet<string> { "Server", "Date", "Content-Type", "ETag", "Set-Cookie", "WWW-Authenticate" }, found.ToHashSet());
        // A name in another spelling is passed on in that.
        Assert.All(own, name => Assert.Equal(name.ToLowerInvariant(), UsualNames.Find(name.ToLowerInvariant())));
        var other = new string("X-Other");
        Assert.Same(other, UsualNames.Find(other));
    }
}
