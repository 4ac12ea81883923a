using System.Text;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Decodes the bytes of one header's value to text: Latin-1, except for anything in a value that Kestrel would misread, refuse or drop.
/// Kestrel requests an encoding for each header by name, and this is the only point at which its own reading of a header can be influenced.
/// </summary>
internal abstract unsafe class FieldEncoding : Encoding
{
    /// <summary>Decodes a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="text">The destination; empty when only the length is requested.</param>
    /// <returns>The length of the text.</returns>
    protected abstract int Write(ReadOnlySpan<byte> value, Span<char> text);

    /// <summary>Decodes a value unchanged.</summary>
    protected static int WritePlain(ReadOnlySpan<byte> value, Span<char> text) =>
        text.IsEmpty ? value.Length : Latin1.GetChars(value, text);

    /// <inheritdoc/>
    public override int GetCharCount(byte* bytes, int count) => Write(new(bytes, count), default);

    /// <inheritdoc/>
    public override int GetChars(byte* bytes, int byteCount, char* chars, int charCount) =>
        GetChars(new ReadOnlySpan<byte>(bytes, byteCount), new Span<char>(chars, charCount));

    /// <inheritdoc/>
    public override int GetCharCount(byte[] bytes, int index, int count) => Write(bytes.AsSpan(index, count), default);

    /// <inheritdoc/>
    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
        GetChars(bytes.AsSpan(byteIndex, byteCount), chars.AsSpan(charIndex));

    /// <inheritdoc/>
    public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars) => chars.IsEmpty ? 0 : Write(bytes, chars);

    /// <inheritdoc/>
    public override int GetByteCount(char[] chars, int index, int count) => count;

    /// <inheritdoc/>
    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
        Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    /// <inheritdoc/>
    public override int GetMaxByteCount(int charCount) => charCount;

    /// <inheritdoc/>
    public override int GetMaxCharCount(int byteCount) => byteCount + ConnectionHeaderEncoding.MostAdded;
}
