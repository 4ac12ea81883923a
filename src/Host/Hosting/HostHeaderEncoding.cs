namespace DaemonProxy.Host.Hosting;

/// <summary>
/// A Host header without a colon at its end. <c>Host: example.org:</c> says that the port is the scheme's own (RFC 3986, section 3.2.3),
/// and Kestrel refuses it as malformed.
/// </summary>
internal sealed class HostHeaderEncoding : FieldEncoding
{
    /// <inheritdoc/>
    protected override int Write(ReadOnlySpan<byte> value, Span<char> text) =>
        WritePlain(value is [.., not (byte)':', (byte)':'] ? value[..^1] : value, text);
}
