using System.Globalization;
using System.Text;
using CsCheck;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Requests;
using Xunit;

namespace DaemonProxy.Tests.Requests;

/// <summary>One spelling for each path, and no spelling of a path that daemons and routes read in two ways.</summary>
public sealed class RequestPathTests
{
    // What a path is made of, in the spellings that have been used to get round rules.
    private static readonly string[] Pieces =
    [
        "/", "/", "//", "///", "%2f", "%2F", "/./", "/../", "/.", "/..", "%2e", "%2E", ".", "..", "%2e%2e", ".%2e", "%252e", "%252f", "%25",
        "%5c", "\\", "..\\", ";", ";x=1", "..;", "a", "b",
        "%61", "%41", "A", "download", "%64ownload", "downloa%64", "%2564ownload", "%44ownload", "é", "%c3%a9", "%C3%A9", "%c0%ae", "%ff",
        "+", "%2b", "%20", "~", "%7e", "|", "\"", "%0a", "%3f", "%23",
        "?", "#", "%00", "%", "%z1", "\t", "\x7f",
    ];

    private static readonly Gen<string> Paths = Gen.Int[0, Pieces.Length - 1].Select(piece => Pieces[piece]).Array[0, 10]
        .Select(pieces => "/" + string.Concat(pieces));

    private static RequestPath? Try(string path, EncodedSlashes slashes)
    {
        try { return RequestPath.Normalise(Latin1(path), slashes); }
        catch (BrokenResponseException refused)
        {
            Assert.Contains(refused.Reason, new[] { EventCatalogue.RequestMalformed, EventCatalogue.EncodedSlashRefused });
            return null;
        }
    }

    private static string Latin1(string path) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(path));

    [Theory]
    [InlineData("/a/b?", "/a/b?")]
    [InlineData("//download///big", "/download/big")]
    [InlineData("/%64ownload/b%69g", "/download/big")]
    [InlineData("/x/../download", "/download")]
    [InlineData("/x/%2e%2E/download", "/download")]
    [InlineData("/a/.", "/a/")]
    [InlineData("/a/b/..", "/a/")]
    [InlineData("/a//../b", "/b")]
    [InlineData("/./././", "/")]
    [InlineData("/%2564ownload", "/%2564ownload")]
    [InlineData("/app/./%252e%252e/%252e%252e/secret", "/app/%252e%252e/%252e%252e/secret")]
    [InlineData("/a\\..\\b", "/a%5C..%5Cb")]
    [InlineData("/a%5c..%5Cb", "/a%5C..%5Cb")]
    [InlineData("/a;x=1/b", "/a;x=1/b")]
    [InlineData("/x/..;/b", "/x/..;/b")]
    [InlineData("/é", "/%C3%A9")]
    [InlineData("/%c3%a9%2b+", "/%C3%A9%2B+")]
    [InlineData("/a%0d%0ab", "/a%0D%0Ab")]
    [InlineData("/a/...", "/a/...")]
    public void Path_has_one_spelling(string path, string expected) =>
        Assert.Equal(expected,
        RequestPath.Normalise(Latin1(path.TrimEnd('?')), EncodedSlashes.Refuse).Encoded + (path.EndsWith('?') ? "?" : ""));

    [Theory]
    [InlineData("/..")]
    [InlineData("/a/../../b")]
    [InlineData("/%2e%2e/")]
    [InlineData("/a%")]
    [InlineData("/a%2")]
    [InlineData("/a%zz")]
    [InlineData("/a%00")]
    [InlineData("/a#b")]
    [InlineData("/a b")]
    [InlineData("/a\tb")]
    [InlineData("/a\rb")]
    [InlineData("/a\u007fb")]
    [InlineData("a")]
    [InlineData("")]
    public void Path_that_has_no_meaning_is_malformed(string path) =>
        Assert.Same(EventCatalogue.RequestMalformed,
            Assert.Throws<BrokenResponseException>(() => RequestPath.Normalise(path, EncodedSlashes.Decode)).Reason);

    [Fact]
    public void Encoded_slash_goes_by_the_setting()
    {
        Assert.Equal(404,
            Assert.Throws<BrokenResponseException>(() => RequestPath.Normalise("/a%2Fb", EncodedSlashes.Refuse)).Reason.Status);
        Assert.Equal("/download/big", RequestPath.Normalise("/x%2f..%2Fdownload%2F/big", EncodedSlashes.Decode).Encoded);
        var kept = RequestPath.Normalise("/download%2fbig/%2f", EncodedSlashes.Keep);
        Assert.Equal("/download%2Fbig/%2F", kept.Encoded);
        Assert.Equal("/download/big/", kept.Decoded);
        Assert.False(kept.IsBelow("/download"));
        foreach (var climbing in new[] { "/x%2f..%2Fdownload", "/x/..%2fdownload", "/x%2f../d", "/x%2f%2e/d", "/x%2f.." })
            Assert.Throws<BrokenResponseException>(() => RequestPath.Normalise(climbing, EncodedSlashes.Keep));
    }

    [Fact]
    public void Normalising_again_changes_nothing()
    {
        foreach (var slashes in Enum.GetValues<EncodedSlashes>())
        {
            Paths.Sample(path =>
            {
                if (Try(path, slashes) is not { } once) return;
                Assert.Equal(once, RequestPath.Normalise(once.Encoded, slashes));
            }, iter: 20_000);
        }
    }

    // A daemon that decodes once, merges slashes and resolves dots, in this order or the other, or does none of these.
    private static IEnumerable<string> AsDaemonsReadIt(string target)
    {
        var decoded = Decode(target);
        yield return decoded;
        foreach (var merge in new[] { true, false })
        {
            yield return Resolve(decoded, merge);
            yield return Decode(Resolve(target, merge));
        }
    }

    private static string Decode(string text)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length
                && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                bytes.Add(value);
                i += 2;
            }
            else bytes.Add((byte)text[i]);
        }
        return Encoding.UTF8.GetString([.. bytes]);
    }

    private static string Resolve(string path, bool merge)
    {
        var segments = new List<string>();
        var parts = path.Split('/')[1..];
        for (var i = 0; i < parts.Length; i++)
        {
            var isLast = i == parts.Length - 1;
            if (parts[i] is ".." or ".")
            {
                if (parts[i] == ".." && segments.Count > 0) segments.RemoveAt(segments.Count - 1);
                if (isLast) segments.Add("");
            }
            else if (parts[i].Length > 0 || !merge || isLast) segments.Add(parts[i]);
        }
        return "/" + string.Join('/', segments);
    }

    private static bool IsUnder(string path, string route) => path == route || path.StartsWith(route + "/", StringComparison.Ordinal);

    [Fact]
    public void No_spelling_that_a_daemon_takes_for_a_path_under_a_route_escapes_its_limits()
    {
        foreach (var slashes in Enum.GetValues<EncodedSlashes>())
        {
            Paths.Sample(path =>
            {
                if (Try(path, slashes) is not { } normal) return;
                foreach (var read in AsDaemonsReadIt(normal.Encoded))
                    Assert.True(!IsUnder(read, "/download") || IsUnder(normal.Decoded, "/download"),
                        $"{path}: to the daemon it is {read}, to the route {normal.Decoded}");
            }, iter: 20_000);
        }
    }

    [Fact]
    public void What_goes_on_has_no_dots_slashes_or_bytes_to_be_read_in_two_ways()
    {
        Paths.Sample(path =>
        {
            if (Try(path, EncodedSlashes.Refuse) is not { } normal) return;
            Assert.DoesNotContain("//", normal.Encoded);
            Assert.DoesNotContain(normal.Encoded.Split('/'), segment => segment is "." or "..");
            Assert.DoesNotContain(normal.Encoded, c => c is <= ' ' or >= '\x7f' or '\\' or '#' or '?');
        }, iter: 20_000);
    }
}
