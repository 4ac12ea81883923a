using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace DaemonProxy.Tests.Differential;

/// <summary>A request as a daemon reads it that takes nothing but what RFC 9112 allows.</summary>
/// <param name="Line">Method and target.</param>
/// <param name="Headers">Names and values in their order.</param>
/// <param name="Framing">none, length or chunked.</param>
/// <param name="Body">The body.</param>
internal sealed record ReadRequest(string Line, IReadOnlyList<(string Name, string Value)> Headers, string Framing, string Body)
{
    /// <summary>The values of a header.</summary>
    public IEnumerable<string> All(string name) =>
        Headers.Where(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value);
}

/// <summary>
/// Reads requests from a connection and knows nothing of the product's readers: a line ends in CR LF, a name is a token with the colon
/// right after it, there is one host and one framing, and a body has exactly its length. Anything else is an
/// <see cref="InvalidDataException"/>.
/// </summary>
internal sealed class StrictRequestReader(Socket socket)
{
    private const string Token = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private readonly byte[] _held = new byte[65_536];
    private int _start;
    private int _end;

    /// <summary>Reads the next request; null at the connection's end.</summary>
    /// <param name="limit">Ends the wait.</param>
    /// <param name="onContinue">Called before a body that the client holds back.</param>
    public async Task<ReadRequest?> ReadAsync(CancellationToken limit, Func<Task>? onContinue = null)
    {
        if (_start == _end && !await FillAsync(limit)) return null;
        var first = await LineAsync(limit);
        var parts = first.Split(' ');
        if (parts is not [{ Length: > 0 } method, { Length: > 0 } target, "HTTP/1.1"]
            || method.Any(c => !Token.Contains(c)) || target.Any(c => c is <= ' ' or (char)127))
            throw new InvalidDataException($"the request line '{first}'");
        var headers = new List<(string Name, string Value)>();
        await FieldsAsync(headers, limit);
        var request = new ReadRequest($"{method} {target}", headers, "none", "");
        if (request.All("Host").Count() != 1) throw new InvalidDataException($"{request.All("Host").Count()} hosts");
        var (lengths, codings) = (request.All("Content-Length").ToList(), request.All("Transfer-Encoding").ToList());
        if (lengths.Count + codings.Count > 1) throw new InvalidDataException("two framings");
        if (lengths.Count + codings.Count == 0) return request;
        if (onContinue is not null && request.All("Expect").Contains("100-continue", StringComparer.OrdinalIgnoreCase)) await onContinue();
        if (codings.Count == 1)
        {
            if (codings[0] != "chunked") throw new InvalidDataException($"the coding '{codings[0]}'");
            return request with { Framing = "chunked", Body = await ChunksAsync(headers, limit) };
        }
        if (lengths[0].Length == 0 || !lengths[0].All(char.IsAsciiDigit)) throw new InvalidDataException($"the length '{lengths[0]}'");
        return request with { Framing = "length", Body = await TakeAsync(int.Parse(lengths[0], CultureInfo.InvariantCulture), limit) };
    }

    private async Task FieldsAsync(List<(string Name, string Value)> fields, CancellationToken limit)
    {
        while (await LineAsync(limit) is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':');
            var (name, value) = colon < 1 ? ("", "") : (line[..colon], line[(colon + 1)..].Trim(' ', '\t'));
            if (name.Length == 0 || name.Any(c => !Token.Contains(c)) || value.Any(c => c is (< ' ' and not '\t') or (char)127))
                throw new InvalidDataException($"the line '{line}'");
            fields.Add((name, value));
        }
    }

    private async Task<string> ChunksAsync(List<(string Name, string Value)> headers, CancellationToken limit)
    {
        var body = new StringBuilder();
        while (true)
        {
            var line = await LineAsync(limit);
            if (line.Length is 0 or > 8 || !line.All(char.IsAsciiHexDigit)) throw new InvalidDataException($"the chunk size '{line}'");
            var size = int.Parse(line, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (size == 0) break;
            body.Append(await TakeAsync(size, limit));
            if (await LineAsync(limit) != "") throw new InvalidDataException("a chunk does not end where it should");
        }
        var trailers = new List<(string Name, string Value)>();
        await FieldsAsync(trailers, limit);
        headers.AddRange(trailers.Select(trailer => ("trailer " + trailer.Name, trailer.Value)));
        return body.ToString();
    }

    private async Task<string> TakeAsync(int count, CancellationToken limit)
    {
        var text = new StringBuilder();
        while (count > 0)
        {
            if (_start == _end && !await FillAsync(limit))
                throw new InvalidDataException($"the connection ended {count} bytes before the body");
            var take = Math.Min(count, _end - _start);
            text.Append(Encoding.Latin1.GetString(_held, _start, take));
            _start += take;
            count -= take;
        }
        return text.ToString();
    }

    private async Task<string> LineAsync(CancellationToken limit)
    {
        while (true)
        {
            var end = _held.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (end >= 0)
            {
                var line = Encoding.Latin1.GetString(_held, _start, end);
                _start += end + 1;
                if (!line.EndsWith('\r') || line.AsSpan()[..^1].Contains('\r'))
                    throw new InvalidDataException($"a line ends without CR, or has one in it: '{line}'");
                return line[..^1];
            }
            if (!await FillAsync(limit)) throw new InvalidDataException("the connection ended in a line");
        }
    }

    private async Task<bool> FillAsync(CancellationToken limit)
    {
        _held.AsSpan(_start, _end - _start).CopyTo(_held);
        (_start, _end) = (0, _end - _start);
        if (_end == _held.Length) throw new InvalidDataException("a line without an end");
        var count = await socket.ReceiveAsync(_held.AsMemory(_end), limit);
        _end += count;
        return count > 0;
    }
}
