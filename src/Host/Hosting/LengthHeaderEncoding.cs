using System.Text;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// How the bytes of a Content-Length become text, for Kestrel to make a number of: a value that is not digits alone becomes one that is no number. Kestrel takes
/// <c>+5</c> and spaces for numbers (RFC 9110, section 8.6, knows digits), and offers no other place to say that they are none.
/// </summary>
internal sealed unsafe class LengthHeaderEncoding : Encoding
{
    /// <inheritdoc/>
    public override int GetCharCount(byte* bytes, int count) => Count(new(bytes, count));

    /// <inheritdoc/>
    public override int GetChars(byte* bytes, int byteCount, char* chars, int charCount) => GetChars(new ReadOnlySpan<byte>(bytes, byteCount), new Span<char>(chars, charCount));

    /// <inheritdoc/>
    public override int GetCharCount(byte[] bytes, int index, int count) => Count(bytes.AsSpan(index, count));

    /// <inheritdoc/>
    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) => GetChars(bytes.AsSpan(byteIndex, byteCount), chars.AsSpan(charIndex));

    /// <inheritdoc/>
    public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars)
    {
        if (IsNumber(bytes)) return Latin1.GetChars(bytes, chars);
        chars[0] = '?';
        return 1;
    }

    /// <inheritdoc/>
    public override int GetByteCount(char[] chars, int index, int count) => count;

    /// <inheritdoc/>
    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) => Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    /// <inheritdoc/>
    public override int GetMaxByteCount(int charCount) => charCount;

    /// <inheritdoc/>
    public override int GetMaxCharCount(int byteCount) => byteCount;

    private static int Count(ReadOnlySpan<byte> bytes) => IsNumber(bytes) ? bytes.Length : 1;

    // 19 digits are the most that fit into a number of bytes.
    private static bool IsNumber(ReadOnlySpan<byte> bytes) => bytes.Length is > 0 and <= 19 && !bytes.ContainsAnyExceptInRange((byte)'0', (byte)'9');
}
