namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Turns a Content-Length that does not consist of digits alone (RFC 9110, section 8.6) into one that is not a number. Kestrel accepts
/// <c>+5</c> and spaces as parts of numbers, and keeps only the number.
/// </summary>
internal sealed class LengthHeaderEncoding : FieldEncoding
{
    /// <inheritdoc/>
    protected override int Write(ReadOnlySpan<byte> value, Span<char> text)
    {
        if (IsNumber(value)) return WritePlain(value, text);
        if (!text.IsEmpty) text[0] = '?';
        return 1;
    }

    // The largest length in bytes has 19 digits.
    private static bool IsNumber(ReadOnlySpan<byte> value) =>
        value.Length is > 0 and <= 19 && !value.ContainsAnyExceptInRange((byte)'0', (byte)'9');
}
