using System.Text;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// How the bytes of a Host header become text: Latin-1, without a colon at the end. <c>Host: example.org:</c> says that the port is the scheme's own (RFC 3986,
/// section 3.2.3), and Kestrel, which refuses it as malformed, offers no other place to say that it is not.
/// </summary>
internal sealed unsafe class HostHeaderEncoding : Encoding
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
    public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars) => Latin1.GetChars(bytes[..Count(bytes)], chars);

    /// <inheritdoc/>
    public override int GetByteCount(char[] chars, int index, int count) => count;

    /// <inheritdoc/>
    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) => Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    /// <inheritdoc/>
    public override int GetMaxByteCount(int charCount) => charCount;

    /// <inheritdoc/>
    public override int GetMaxCharCount(int byteCount) => byteCount;

    private static int Count(ReadOnlySpan<byte> bytes) => bytes is [.. _, not (byte)':', (byte)':'] ? bytes.Length - 1 : bytes.Length;
}
