namespace DaemonProxy.Host.Hosting;

/// <summary>
/// A Connection header whose other names survive. Of a header that says one of <c>close</c>, <c>keep-alive</c> and <c>upgrade</c>, and
/// names other headers, Kestrel keeps only the one, and what the client meant for this connection alone would go on to daemons (RFC 9110,
/// section 7.6.1). It keeps the header where two of the three are said, or none: so <c>keep-alive</c>, which HTTP/1.1 does not need, is
/// taken off, and put beside one of the others, which have their way against it.
/// </summary>
internal sealed class ConnectionHeaderEncoding : FieldEncoding
{
    /// <summary>By how many characters the text may be longer than the value.</summary>
    public const int MostAdded = 12;

    private const string Added = ", keep-alive";

    /// <inheritdoc/>
    protected override int Write(ReadOnlySpan<byte> value, Span<char> text)
    {
        bool closes = false, upgrades = false, names = false, keeps = false;
        foreach (var range in value.Split((byte)','))
        {
            var option = value[range].Trim(" \t"u8);
            if (Is(option, "close"u8)) closes = true;
            else if (Is(option, "upgrade"u8)) upgrades = true;
            else if (Is(option, "keep-alive"u8)) keeps = true;
            else names |= !option.IsEmpty;
        }
        if (!names) return WritePlain(value, text);
        if (closes || upgrades)
        {
            if (text.IsEmpty) return value.Length + Added.Length;
            var length = WritePlain(value, text);
            Added.CopyTo(text[length..]);
            return length + Added.Length;
        }
        return keeps ? WriteNames(value, text) : WritePlain(value, text);
    }

    private static int WriteNames(ReadOnlySpan<byte> value, Span<char> text)
    {
        var length = 0;
        foreach (var range in value.Split((byte)','))
        {
            var option = value[range].Trim(" \t"u8);
            if (option.IsEmpty || Is(option, "keep-alive"u8)) continue;
            if (length > 0)
            {
                if (!text.IsEmpty) text[length] = ',';
                length++;
            }
            if (!text.IsEmpty) WritePlain(option, text[length..]);
            length += option.Length;
        }
        return length;
    }

    private static bool Is(ReadOnlySpan<byte> option, ReadOnlySpan<byte> name) => System.Text.Ascii.EqualsIgnoreCase(option, name);
}
