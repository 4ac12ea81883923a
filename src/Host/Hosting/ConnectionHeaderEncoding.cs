namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Keeps the header names in a Connection header. When the header contains one of <c>close</c>, <c>keep-alive</c> and <c>upgrade</c> beside
/// the names of other headers, Kestrel keeps only that option, and headers that the client meant for this connection alone would go on to
/// daemons (RFC 9110, section 7.6.1). Kestrel keeps the header when it contains two of the three options, or none. Therefore
/// <c>keep-alive</c>, which HTTP/1.1 does not need, is removed when it is alone and added beside <c>close</c> or <c>upgrade</c>, which take
/// precedence over it.
/// </summary>
internal sealed class ConnectionHeaderEncoding : FieldEncoding
{
    /// <summary>The maximum number of characters by which the text is longer than the value.</summary>
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
