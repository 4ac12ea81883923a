namespace DaemonProxy.Host.Hosting;

/// <summary>
/// A Content-Length that is not digits alone (RFC 9110, section 8.6) becomes one that is no number. Kestrel takes <c>+5</c> and spaces for
/// numbers, and keeps only the number.
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

    // 19 digits are the most that fit into a number of bytes.
    private static bool IsNumber(ReadOnlySpan<byte> value) =>
        value.Length is > 0 and <= 19 && !value.ContainsAnyExceptInRange((byte)'0', (byte)'9');
}
