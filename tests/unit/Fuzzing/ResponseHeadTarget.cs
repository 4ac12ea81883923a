using System.Text;
using System.Text.RegularExpressions;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using Xunit;

namespace DaemonProxy.Tests.Fuzzing;

/// <summary>
/// A daemon's response head reads the same however it comes cut into pieces, fails in no other way than
/// <see cref="BrokenResponseException"/>, and what is taken is what the grammar allows (RFC 9112, sections 4 to 6), said by a regular
/// expression that has nothing of the reader's.
/// </summary>
internal static partial class ResponseHeadTarget
{
    private const int ShortLine = 40;

    public static void Check(byte[] input)
    {
        // One line length that no input reaches, and one that many do.
        foreach (var longest in new[] { 8192, ShortLine })
        {
            var toHead = input.Length % 2 == 1;
            var whole = Read(input, longest, toHead, input.Length);
            foreach (var cut in Cuts.Of(input.Length)) Assert.Equal(whole, Read(input, longest, toHead, cut));
            Assert.Equal(whole, Read(input, longest, toHead, piece: 1, then: 1));
            Assert.Equal(whole, Read(input, longest, toHead, piece: 2, then: 3));
            if (whole.StartsWith("head", StringComparison.Ordinal) && longest == 8192) Strictly(input);
        }
    }

    /// <summary>Reads in pieces; gives all that can be told of the outcome.</summary>
    private static string Read(byte[] input, int longest, bool toHead, int piece, int then = int.MaxValue)
    {
        var reader = new ResponseHeadReader(longest);
        var (start, end) = (0, 0);
        try
        {
            while (true)
            {
                end = Math.Min(input.Length, (int)Math.Min((long)end + (end == 0 ? piece : then), int.MaxValue));
                if (reader.Read(input.AsSpan(start, end - start), toHead, out var consumed) is { } head)
                    return Describe(head, start + consumed);
                start += consumed;
                if (end == input.Length) return $"more, from {start}";
            }
        }
        catch (BrokenResponseException broken)
        {
            return broken.Reason.Code;
        }
    }

    private static string Describe(ResponseHead head, int consumed) =>
        $"head of {consumed} bytes: {head.Status} '{head.Reason}' {head.Framing} {head.ContentLength} {head.KeepAlive} {head.Upgrade}\n"
        + string.Join('\n', head.Headers.Select(header => $"{header.Key}: {header.Value}"));

    private static void Strictly(byte[] input)
    {
        var text = Encoding.Latin1.GetString(input);
        Assert.Matches(Grammar(), text);
        var head = new ResponseHeadReader(8192).Read(input, false, out var consumed)!;
        var lines = text[..consumed].Split("\r\n")[1..^2];
        var lengths = lines.Where(line => line.StartsWith("content-length:", StringComparison.OrdinalIgnoreCase))
            .SelectMany(line => line[15..].Split(',')).Select(one => one.Trim(' ', '\t').TrimStart('0')).Distinct().ToList();
        Assert.True(lengths.Count <= 1, "several lengths were taken");
        Assert.False(lengths.Count == 1 && lines.Any(line => line.StartsWith("transfer-encoding:", StringComparison.OrdinalIgnoreCase)),
            "length and coding were taken");
        Assert.DoesNotContain(head.Headers, header => HopByHop.IsHopByHop(header.Key)
            && !header.Key.StartsWith("proxy-auth", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(head.Headers, header => header.Key.Equals("Content-Length", StringComparison.OrdinalIgnoreCase));
    }

    [GeneratedRegex(
        @"\AHTTP/1\.[01] [1-5][0-9]{2}( [\t\x20-\x7e\x80-\xff]*)?\r\n([!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n")]
    private static partial Regex Grammar();
}
