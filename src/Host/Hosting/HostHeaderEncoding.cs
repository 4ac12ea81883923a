namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Removes a trailing colon from a Host header. <c>Host: example.org:</c> means the default port of the scheme (RFC 3986, section 3.2.3),
/// but Kestrel refuses it as malformed.
/// </summary>
internal sealed class HostHeaderEncoding : FieldEncoding
{
    /// <inheritdoc/>
    protected override int Write(ReadOnlySpan<byte> value, Span<char> text) =>
        WritePlain(value is [.., not (byte)':', (byte)':'] ? value[..^1] : value, text);
}
