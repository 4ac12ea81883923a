namespace DaemonProxy.Configuration;

/// <summary>The keys below <c>tls</c>.</summary>
internal static class TlsSection
{
    public static KeyTable<TlsOptions> Keys { get; } = new("tls", new TlsOptions { Certificate = "" })
    {
        {
            "certificate", ValueKinds.ExistingFile, tls => tls.Certificate, (tls, file) => tls with { Certificate = file },
            new("A PEM file with the certificate (and its chain), or a PFX file. Relative to this file's folder.") { Required = true }
        },
        {
            "key", ValueKinds.ExistingFile, tls => tls.Key, (tls, file) => tls with { Key = file },
            "The PEM file with the key; left out for a PFX file, or when the certificate file holds the key too."
        },
        {
            "password-file", ValueKinds.ExistingFile, tls => tls.PasswordFile, (tls, file) => tls with { PasswordFile = file },
            "A file whose first line is the password of the PFX or the key. The password itself has no place in a configuration."
        },
    };

    public static TlsOptions Read(MappingNode mapping, Reading reading)
    {
        if (mapping.Find("certificate") is null)
            reading.Mistake(mapping, "tls has no certificate; add 'certificate:' with the path of a PEM or PFX file");
        return Keys.Read(mapping, new TlsOptions { Certificate = "" }, reading);
    }
}
