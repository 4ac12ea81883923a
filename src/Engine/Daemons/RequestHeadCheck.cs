using System.Globalization;
using System.Text;

namespace DaemonProxy.Daemons;

/// <summary>
/// Reads the head of a request as the strictest daemon would (RFC 9112, sections 2 to 6) and reports what that daemon would reject. A debug
/// build checks every head it sends, so that any test that produces an ambiguous head exposes it.
/// </summary>
public static class RequestHeadCheck
{
    /// <summary>Checks a head.</summary>
    /// <param name="head">The bytes that go to the daemon, including the empty line at the end.</param>
    /// <param name="framing">The framing with which the body will be sent.</param>
    /// <exception cref="InvalidOperationException">The bytes are not the head of exactly one request, or do not frame the body as it will
    /// be sent.</exception>
    public static void Check(ReadOnlySpan<byte> head, RequestFraming framing)
    {
        var text = Encoding.Latin1.GetString(head);
        if (!text.EndsWith("\r\n\r\n", StringComparison.Ordinal)) throw Wrong("does not end in an empty line", text);
        var lines = text[..^4].Split("\r\n");
        if (text.AsSpan().ContainsAny('\0', '\x7f') || lines.Any(line => line.AsSpan().ContainsAny('\r', '\n')))
            throw Wrong("holds a control character", text);
        var start = lines[0].Split(' ');
        if (start.Length != 3 || start[0].Length == 0 || start[1].Length == 0 || start[2] != "HTTP/1.1")
            throw Wrong("has no proper request line", text);

        string? length = null, coding = null;
        var hosts = 0;
        foreach (var line in lines[1..])
        {
            if (!ResponseHeadReader.TryParse(Encoding.Latin1.GetBytes(line), out var name, out var value))
                throw Wrong($"has the malformed line '{line}'", text);
            if (Is(name, "Host")) hosts++;
            if (Is(name, "Content-Length")) length = length is null ? value : throw Wrong("has two lengths", text);
            if (Is(name, "Transfer-Encoding")) coding = coding is null ? value : throw Wrong("has two transfer codings", text);
        }
        if (hosts != 1) throw Wrong($"has {hosts} hosts", text);
        if (length != framing.Length?.ToString(CultureInfo.InvariantCulture) || coding != (framing.InChunks ? "chunked" : null))
            throw Wrong("does not frame its body as it is sent", text);
    }

    private static bool Is(string text, string other) => text.Equals(other, StringComparison.OrdinalIgnoreCase);

    private static InvalidOperationException Wrong(string what, string head) =>
        new($"a request's head {what}: {head.ReplaceLineEndings("|")}");
}
