using System.Net;
using System.Text.RegularExpressions;
using Xunit;

namespace DaemonProxy.Tests.Host;

public sealed partial class SampleApplicationTests(RunningSample sample) : IClassFixture<RunningSample>
{
    [Fact]
    public async Task Front_page_is_html_and_every_address_on_it_is_there()
    {
        using var response = await sample.Client.GetAsync("/");
        var page = await response.Content.ReadAsStringAsync();

        Assert.Equal("text/html", response.Content.Headers.ContentType?.MediaType);
        var paths = Link().Matches(page).Select(m => m.Groups[1].Value).ToList();
        Assert.Equal(["bytes", "stream", "drip", "stall", "echo", "sink", "status/404", "abort", "upgrade", "trailers"], paths);
        foreach (var path in paths)
        {
            var (_, text) = await sample.GetAsync(
                path switch { "drip" => "drip?count=1", "stall" => "stall?ms=0", "abort" => "abort?x=", _ => path });
            Assert.DoesNotContain("There is nothing here", text);
        }
    }

    [Theory]
    [InlineData("/nothing")]
    [InlineData("/status/404/more")]
    [InlineData("/Bytes")]
    public async Task Unknown_path_is_404(string path)
    {
        var (status, text) = await sample.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Contains("/ lists what there is", text);
    }

    [Theory]
    [InlineData("/bytes?n=-1", "n=-1 is not a whole number from 0 to 1099511627776.")]
    [InlineData("/bytes?n=1e3", "n=1e3 is not a whole number from 0 to 1099511627776.")]
    [InlineData("/bytes?n=99999999999999999999", "n=99999999999999999999 is not a whole number from 0 to 1099511627776.")]
    [InlineData("/bytes?chunk=0", "chunk=0 is not a whole number from 1 to 16777216.")]
    [InlineData("/bytes?n=", "n= is not a whole number from 0 to 1099511627776.")]
    [InlineData("/bytes?n=1&n=2", "n is given 2 times; give it once.")]
    [InlineData("/bytes?size=1", "size is not a parameter of /bytes, which takes n, chunk.")]
    [InlineData("/stream?stall-ms=-1", "stall-ms=-1 is not a number of milliseconds from 0 to 60000.")]
    [InlineData("/stream?stall-ms=NaN", "stall-ms=NaN is not a number of milliseconds from 0 to 60000.")]
    [InlineData("/drip?chunk=18", "chunk=18 is not a whole number from 19 to 65536.")]
    [InlineData("/drip?every-ms=3600001", "every-ms=3600001 is not a number of milliseconds from 0 to 3600000.")]
    [InlineData("/stall?ms=x", "ms=x is not a number of milliseconds from 0 to 3600000.")]
    [InlineData("/abort?n=x", "n=x is not a whole number from 0 to 1099511627776.")]
    [InlineData("/status/99", "99 is not a status code from 200 to 599.")]
    [InlineData("/status/600", "600 is not a status code from 200 to 599.")]
    [InlineData("/status/", " is not a status code from 200 to 599.")]
    public async Task Unusable_parameter_is_400_with_one_sentence(string target, string sentence)
    {
        var (status, text) = await sample.GetAsync(target);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(sentence + "\n", text);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/bytes?n=1000000")]
    [InlineData("/stream?n=1000000")]
    [InlineData("/drip?count=1000&every-ms=1000")]
    [InlineData("/stall?ms=60000")]
    [InlineData("/abort?n=10")]
    [InlineData("/trailers")]
    [InlineData("/echo?raw=1")]
    public async Task Head_gets_the_headers_at_once_and_no_body(string target)
    {
        var response = await sample.ExchangeAsync($"HEAD {target} HTTP/1.1\r\nHost: sample\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", response);
        Assert.EndsWith("\r\n\r\n", response);
        Assert.Equal(target.StartsWith("/bytes", StringComparison.Ordinal), response.Contains("Content-Length: 1000000\r\n"));
    }

    [GeneratedRegex("<a href=\"([^\"?]*)")]
    private static partial Regex Link();
}
