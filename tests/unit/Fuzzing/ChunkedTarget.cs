using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using Xunit;

namespace DaemonProxy.Tests.Fuzzing;

/// <summary>
/// A chunked body reads the same however it comes cut into pieces, and as an oracle reads it that is a regular expression over the whole
/// (RFC 9112, section 7.1).
/// </summary>
internal static partial class ChunkedTarget
{
    private const int LongestLine = 2 * MutatedInput.Longest;

    private readonly record struct Outcome(string End, string Data, string Trailers, int Consumed);

    public static void Check(byte[] input)
    {
        foreach (var longest in new[] { LongestLine, 16 })
        {
            var whole = Read(input, longest, input.Length);
            foreach (var cut in Cuts.Of(input.Length)) Same(whole, Read(input, longest, cut));
            Same(whole, Read(input, longest, piece: 1, then: 1));
            Same(whole, Read(input, longest, piece: 2, then: 3));
            if (longest == LongestLine) Same(Oracle(Encoding.Latin1.GetString(input)), whole);
        }
    }

    private static void Same(Outcome expected, Outcome actual)
    {
        Assert.Equal(expected.End, actual.End);
        // How much was passed on before a fault was seen depends on what had come; it is always the beginning of the same bytes.
        if (expected.End == "broken")
        {
            var (shorter, longer) = expected.Data.Length < actual.Data.Length ? (expected.Data, actual.Data) : (actual.Data, expected.Data);
            Assert.True(longer.StartsWith(shorter, StringComparison.Ordinal), "different data before the fault");
        }
        else
            Assert.Equal(expected, actual);
    }

    /// <summary>Reads in pieces, the way a connection's buffer is read.</summary>
    private static Outcome Read(byte[] input, int longest, int piece, int then = int.MaxValue)
    {
        var reader = new ChunkedReader(longest);
        var held = input.ToArray();
        var data = new StringBuilder();
        var (start, end) = (0, 0);
        try
        {
            while (true)
            {
                end = Math.Min(input.Length, (int)Math.Min((long)end + (end == 0 ? piece : then), int.MaxValue));
                for (var consumed = 1; consumed > 0 && !reader.Ended; start += consumed)
                {
                    consumed = reader.Read(held.AsSpan(start, end - start), out var range);
                    data.Append(Encoding.Latin1.GetString(held.AsSpan(start, end - start)[range]));
                }
                if (reader.Ended || end == input.Length) break;
            }
        }
        catch (BrokenResponseException)
        {
            return new("broken", data.ToString(), "", 0);
        }
        var trailers = string.Join('|', (reader.Trailers ?? []).Select(trailer => $"{trailer.Key}:{trailer.Value}"));
        return new(reader.Ended ? "ended" : "more", data.ToString(), trailers, start);
    }

    private static Outcome Oracle(string text)
    {
        var data = new StringBuilder();
        var at = 0;
        while (true)
        {
            if (SizeLine().Match(text, at) is not { Success: true } line)
                return text.IndexOf('\n', at) < 0 ? new("more", data.ToString(), "", at) : Broken();
            var size = long.Parse(line.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            at += line.Length;
            if (size == 0) break;
            var there = (int)Math.Min(size, text.Length - at);
            data.Append(text, at, there);
            at += there;
            if (there < size) return new("more", data.ToString(), "", at);
            var rest = text.AsSpan(at);
            if (rest.Length == 0 || rest is "\r") return new("more", data.ToString(), "", at);
            if (rest[0] != '\r') return Broken();
            // A line that has begun with CR is known to be wrong only at its end.
            if (rest[1] != '\n') return rest.Contains('\n') ? Broken() : new("more", data.ToString(), "", at);
            at += 2;
        }
        var trailers = new List<string>();
        while (true)
        {
            var end = text.IndexOf('\n', at);
            if (end < 0) return new("more", data.ToString(), string.Join('|', trailers), at);
            var line = text[at..end];
            if (!line.EndsWith('\r')) return Broken();
            at = end + 1;
            if (line == "\r") return new("ended", data.ToString(), string.Join('|', trailers), at);
            if (Trailer().Match(line) is not { Success: true } trailer) return Broken();
            if (!HopByHop.IsForbiddenTrailer(trailer.Groups[1].Value)) trailers.Add($"{trailer.Groups[1].Value}:{trailer.Groups[2].Value}");
        }

        Outcome Broken() => new("broken", data.ToString(), "", 0);
    }

    // What extensions hold means nothing to anybody, so they are not looked into, save for what ends a line.
    [GeneratedRegex(@"\G([0-9A-Fa-f]{1,15})(?:[ \t]*|[ \t]*;[\t\x20-\x7e\x80-\xff]*)\r\n")]
    private static partial Regex SizeLine();

    [GeneratedRegex(@"\A([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*\r\z")]
    private static partial Regex Trailer();
}
