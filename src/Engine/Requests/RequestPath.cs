using System.Buffers;
using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Events;

namespace DaemonProxy.Requests;

/// <summary>
/// A request's path, normalised once. Routes, conditions, PATH_INFO and the daemon's target are all derived from one value, so no spelling
/// means one thing to the front end and another to a daemon:
/// <list type="bullet">
/// <item>escapes of unreserved characters are decoded, and all other escapes get digits in capitals (RFC 3986, section 6.2.2); nothing is
/// decoded twice;</item>
/// <item>repeated slashes become one; <c>.</c> and <c>..</c> are resolved, however they are spelled, and a path that climbs above the root
/// is refused;</item>
/// <item><c>%2F</c> is treated according to <see cref="EncodedSlashes"/>;</item>
/// <item>characters that a path may not contain are passed on escaped: <c>\</c> as <c>%5C</c>, and bytes from 0x80 on; <c>;parameters</c>
/// are part of their segment;</item>
/// <item>a control character, a space, <c>#</c>, a <c>%</c> without two hexadecimal digits, and <c>%00</c> are refused.</item>
/// </list>
/// </summary>
public readonly record struct RequestPath
{
    private const string Unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    // pchar of RFC 3986, section 3.3, without escapes.
    private static readonly SearchValues<char> Plain = SearchValues.Create(Unreserved + "!$&'()*+,;=:@");
    private static readonly SearchValues<char> PlainOrSlash = SearchValues.Create(Unreserved + "!$&'()*+,;=:@/");
    private static readonly SearchValues<byte> UnreservedBytes = SearchValues.Create(Encoding.ASCII.GetBytes(Unreserved));

    private RequestPath(string encoded, string decoded)
    {
        Encoded = encoded;
        Decoded = decoded;
    }

    /// <summary>The path as sent to daemons: printable ASCII, escaped where necessary. Normalising it again changes nothing.</summary>
    public string Encoded { get; }

    /// <summary>The path as routes and conditions see it: text without escapes; bytes that are not valid UTF-8 become U+FFFD.</summary>
    public string Decoded { get; }

    /// <summary>The path of <c>OPTIONS *</c>, which belongs to no resource.</summary>
    public static RequestPath OfServer { get; } = new("*", "");

    /// <summary>Normalises a path.</summary>
    /// <param name="path">The path as received, beginning with a slash; one character per byte.</param>
    /// <param name="slashes">What happens to <c>%2F</c>.</param>
    /// <exception cref="BrokenResponseException">The path is refused; the reason carries the status.</exception>
    public static RequestPath Normalise(ReadOnlySpan<char> path, EncodedSlashes slashes)
    {
        if (path is not ['/', ..]) throw Malformed("its path does not begin with a slash");
        if (!path.ContainsAnyExcept(PlainOrSlash) && !path.Contains("//", StringComparison.Ordinal)
            && !path.Contains("/.", StringComparison.Ordinal))
        {
            var same = path.ToString();
            return new(same, same);
        }
        var buffer = ArrayPool<char>.Shared.Rent((3 * path.Length) + 1);
        try
        {
            var encoded = Write(path, slashes, buffer);
            return new(encoded, Decode(encoded, mergesSlashes: slashes == EncodedSlashes.Keep));
        }
        finally
        {
            ArrayPool<char>.Shared.Return(buffer);
        }
    }

    /// <summary>Encodes a path from a configuration the way normalised requests spell it.</summary>
    public static string Encode(string path)
    {
        var text = new StringBuilder(path.Length);
        foreach (var b in Encoding.UTF8.GetBytes(path))
        {
            if (b == '/' || Plain.Contains((char)b)) text.Append((char)b);
            else text.Append('%').Append(Convert.ToHexString([b]));
        }
        return text.ToString();
    }

    /// <summary>
    /// Whether the path is below a prefix in the eyes of a daemon that distinguishes encoded slashes from slashes. The answer can differ
    /// from that for <see cref="Decoded"/> only with <see cref="EncodedSlashes.Keep"/>.
    /// </summary>
    /// <param name="prefix">The prefix, encoded, without a trailing slash.</param>
    public bool IsBelow(string prefix) =>
        Encoded.StartsWith(prefix, StringComparison.Ordinal) && (Encoded.Length == prefix.Length || Encoded[prefix.Length] == '/');

    private static string Write(ReadOnlySpan<char> path, EncodedSlashes slashes, Span<char> buffer)
    {
        buffer[0] = '/';
        int length = 1, segment = 1;
        var keptSlash = false;
        for (var i = 1; i < path.Length; i++)
        {
            var c = path[i];
            if (c == '%')
            {
                if (path.Length - i < 3 || !char.IsAsciiHexDigit(path[i + 1]) || !char.IsAsciiHexDigit(path[i + 2]))
                    throw Malformed("a '%' in its path is not followed by two hexadecimal digits");
                var value = Convert.FromHexString(path.Slice(i + 1, 2))[0];
                i += 2;
                if (value == 0) throw Malformed("its path holds %00");
                if (value != '/')
                {
                    if (UnreservedBytes.Contains(value)) buffer[length++] = (char)value;
                    else Escape(value, buffer, ref length);
                    continue;
                }
                if (slashes == EncodedSlashes.Refuse)
                    throw new BrokenResponseException(EventCatalogue.EncodedSlashRefused, "its path holds %2F");
                if (slashes == EncodedSlashes.Keep)
                {
                    keptSlash = true;
                    Escape(value, buffer, ref length);
                    continue;
                }
                c = '/';
            }
            if (c == '/') EndSegment(buffer, ref length, ref segment, isLast: false, ref keptSlash);
            else if (Plain.Contains(c)) buffer[length++] = c;
            else if (c is <= ' ' or '#' or '\x7f' or > '\xff') throw Malformed("its path holds a space, a '#' or a control character");
            else Escape((byte)c, buffer, ref length);
        }
        EndSegment(buffer, ref length, ref segment, isLast: true, ref keptSlash);
        return new(buffer[..length]);
    }

    private static void EndSegment(Span<char> buffer, ref int length, ref int segment, bool isLast, ref bool keptSlash)
    {
        var name = buffer[segment..length];
        if (keptSlash && HasDots(name)) throw Malformed("'.' or '..' stands between encoded slashes in its path");
        keptSlash = false;
        if (name is "..")
        {
            if (segment == 1) throw Malformed("its path climbs above the root");
            segment = buffer[..(segment - 1)].LastIndexOf('/') + 1;
            length = segment;
        }
        else if (name is "." or "") length = segment;
        else if (!isLast)
        {
            buffer[length++] = '/';
            segment = length;
        }
    }

    // To a daemon that decodes encoded slashes, the text between two of them is a segment.
    private static bool HasDots(ReadOnlySpan<char> name)
    {
        foreach (var range in name.Split("%2F"))
        {
            if (name[range] is "." or "..") return true;
        }
        return false;
    }

    private static void Escape(byte value, Span<char> buffer, ref int length)
    {
        const string Digits = "0123456789ABCDEF";
        buffer[length++] = '%';
        buffer[length++] = Digits[value >> 4];
        buffer[length++] = Digits[value & 15];
    }

    private static string Decode(string encoded, bool mergesSlashes)
    {
        if (!encoded.Contains('%', StringComparison.Ordinal)) return encoded;
        var bytes = ArrayPool<byte>.Shared.Rent(encoded.Length);
        var count = 0;
        for (var i = 0; i < encoded.Length; i++)
        {
            var value = (byte)encoded[i];
            if (value == '%')
            {
                value = Convert.FromHexString(encoded.AsSpan(i + 1, 2))[0];
                i += 2;
            }
            if (value == '/' && mergesSlashes && count > 0 && bytes[count - 1] == '/') continue;
            bytes[count++] = value;
        }
        var decoded = Encoding.UTF8.GetString(bytes, 0, count);
        ArrayPool<byte>.Shared.Return(bytes);
        return decoded;
    }

    private static BrokenResponseException Malformed(string what) => new(EventCatalogue.RequestMalformed, what);
}
