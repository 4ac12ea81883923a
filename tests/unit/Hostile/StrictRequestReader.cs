using System.Globalization;
using System.Text;

namespace DaemonProxy.Tests.Hostile;

/// <summary>A request as a strict daemon read it.</summary>
internal sealed record SeenRequest(
    string Method, string Target, IReadOnlyList<(string Name, string Value)> Headers, string Body,
    IReadOnlyList<(string Name, string Value)> Trailers, string Raw)
{
    public override string ToString() => Body.Length == 0 ? $"{Method} {Target}" : $"{Method} {Target} {Body}";
}

/// <summary>What no strict daemon takes.</summary>
internal sealed class ViolationException(string what) : Exception(what);

/// <summary>
/// Reads requests by RFC 9112 to the letter, and by no code of the product: CR LF ends a line and stands nowhere else, a name is a token
/// with the colon behind it, one Host, one framing, nothing forgiven.
/// </summary>
internal sealed class StrictRequestReader(Stream stream)
{
    private const string Token = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private readonly StringBuilder _raw = new();
    private readonly byte[] _one = new byte[1];

    /// <summary>The next request; null: the connection ended between two.</summary>
    /// <exception cref="ViolationException">It is not one.</exception>
    public async Task<SeenRequest?> ReadAsync(CancellationToken end)
    {
        _raw.Clear();
        if (await LineAsync(end) is not { } start) return null;
        var parts = start.Split(' ');
        if (parts.Length != 3 || !IsToken(parts[0]) || parts[2] != "HTTP/1.1") throw new ViolationException($"request line '{start}'");
        if (parts[1].Length == 0 || parts[1].Any(c => c is <= ' ' or >= '\x7f' or '#'))
            throw new ViolationException($"target '{parts[1]}'");
        if (parts[1] != "*" && parts[1][0] != '/') throw new ViolationException($"target '{parts[1]}' is not in origin form");
        var headers = await FieldsAsync(end);
        if (Values(headers, "Host").Count != 1) throw new ViolationException("not one Host");
        if (parts[0] == "CONNECT") throw new ViolationException("CONNECT");

        var (lengths, codings) = (Values(headers, "Content-Length"), Values(headers, "Transfer-Encoding"));
        if (lengths.Count + codings.Count > 1) throw new ViolationException("two framings");
        if (codings.Count == 1)
        {
            if (codings[0] != "chunked") throw new ViolationException($"coding '{codings[0]}'");
            var (body, trailers) = await ChunksAsync(end);
            return new(parts[0], parts[1], headers, body, trailers, _raw.ToString());
        }
        var length = 0;
        if (lengths.Count == 1
            && (lengths[0].Any(c => !char.IsAsciiDigit(c)) || !int.TryParse(lengths[0], CultureInfo.InvariantCulture, out length)))
            throw new ViolationException($"length '{lengths[0]}'");
        return new(parts[0], parts[1], headers, await BytesAsync(length, end), [], _raw.ToString());
    }

    private static List<string> Values(IReadOnlyList<(string Name, string Value)> fields, string name) =>
        [.. fields.Where(field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(field => field.Value)];

    private async Task<List<(string, string)>> FieldsAsync(CancellationToken end)
    {
        var fields = new List<(string, string)>();
        while (await LineAsync(end) is { } line)
        {
            if (line.Length == 0) return fields;
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 1 || !IsToken(line[..colon])) throw new ViolationException($"field '{line}'");
            var value = line[(colon + 1)..].Trim(' ', '\t');
            if (value.Any(c => c is (< ' ' and not '\t') or '\x7f')) throw new ViolationException($"value in '{line}'");
            fields.Add((line[..colon], value));
        }
        throw new ViolationException("ends in its head");
    }

    private async Task<(string Body, List<(string, string)> Trailers)> ChunksAsync(CancellationToken end)
    {
        var body = new StringBuilder();
        while (true)
        {
            var line = await LineAsync(end) ?? throw new ViolationException("ends in its chunks");
            if (line.Length is 0 or > 8 || line.Any(c => !char.IsAsciiHexDigit(c))) throw new ViolationException($"chunk size '{line}'");
            var size = int.Parse(line, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if (size == 0) return (body.ToString(), await FieldsAsync(end));
            body.Append(await BytesAsync(size, end));
            if (await LineAsync(end) is not "") throw new ViolationException("a chunk is longer than its size");
        }
    }

    private async Task<string> BytesAsync(int count, CancellationToken end)
    {
        var bytes = new byte[count];
        try { await stream.ReadExactlyAsync(bytes, end); }
        catch (EndOfStreamException) { throw new ViolationException("ends in its body"); }
        var text = Encoding.Latin1.GetString(bytes);
        _raw.Append(text);
        return text;
    }

    private async Task<string?> LineAsync(CancellationToken end)
    {
        var line = new StringBuilder();
        while (await stream.ReadAsync(_one, end) > 0)
        {
            var c = (char)_one[0];
            _raw.Append(c);
            if (c == '\n')
            {
                if (line.Length == 0 || line[^1] != '\r') throw new ViolationException($"a bare LF after '{line}'");
                var text = line.ToString(0, line.Length - 1);
                return text.Contains('\r') ? throw new ViolationException($"a bare CR in '{text}'") : text;
            }
            line.Append(c);
        }
        return line.Length == 0 ? null : throw new ViolationException($"ends after '{line}'");
    }

    private static bool IsToken(string text) => text.Length > 0 && text.All(c => Token.Contains(c, StringComparison.Ordinal));
}
