namespace DaemonProxy.Configuration;

/// <summary>The keys below <c>tls</c>.</summary>
internal static class TlsSection
{
    /// <summary>The keys there are.</summary>
    public static KeyTable<TlsOptions> Keys { get; } = new("tls")
    {
        { "certificate", ValueReaders.ExistingFile, (tls, file) => tls with { Certificate = file } },
        { "key", ValueReaders.ExistingFile, (tls, file) => tls with { Key = file } },
        { "password-file", ValueReaders.ExistingFile, (tls, file) => tls with { PasswordFile = file } },
    };

    /// <summary>Reads the section.</summary>
    public static TlsOptions Read(MappingNode mapping, Reading reading)
    {
        if (mapping.Find("certificate") is null)
            reading.Mistake(mapping, "tls has no certificate; add 'certificate:' with the path of a PEM or PFX file");
        return Keys.Read(mapping, new TlsOptions { Certificate = "" }, reading);
    }
}
