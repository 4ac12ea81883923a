using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DaemonProxy.Configuration;

namespace DaemonProxy.Host.Hosting;

/// <summary>A certificate with its private key and the intermediate certificates that are sent with it.</summary>
/// <param name="Leaf">The server's own certificate, with its key.</param>
/// <param name="Chain">The intermediates in the order of the file; may be empty.</param>
/// <param name="Warning">One sentence when clients will refuse the certificate because it is not valid yet; otherwise null.</param>
internal sealed record ServerCertificate(X509Certificate2 Leaf, X509Certificate2Collection Chain, string? Warning)
{
    /// <summary>Reads a PEM file (chain, leaf first, with the key beside or in it) or a PFX file.</summary>
    /// <param name="tls">The files.</param>
    /// <param name="now">The time at which validity is judged.</param>
    /// <exception cref="ServerStartException">
    /// A file is missing or unreadable, the password is wrong, or the key is missing or belongs to another certificate.
    /// </exception>
    public static ServerCertificate Load(TlsOptions tls, DateTimeOffset now)
    {
        var content = Read(tls.Certificate, "certificate");
        var password = tls.PasswordFile is null ? null : FirstLineOf(tls.PasswordFile);
        var isPem = content.AsSpan().IndexOf("-----BEGIN "u8) >= 0;
        if (!isPem && tls.Key is not null)
            throw new ServerStartException(
                $"the certificate file {tls.Certificate} is not PEM, so the key file {tls.Key} cannot belong to it; name a PEM "
                + "certificate, or leave the key out for a PFX file");

        var (leaf, chain) = isPem ? FromPem(tls, password) : FromPfx(tls, content, password);
        return new ServerCertificate(leaf, chain, WarningFor(tls, leaf, now));
    }

    private static (X509Certificate2 Leaf, X509Certificate2Collection Chain) FromPem(TlsOptions tls, string? password)
    {
        var certificates = new X509Certificate2Collection();
        var certificateText = System.Text.Encoding.UTF8.GetString(Read(tls.Certificate, "certificate"));
        var keyFile = tls.Key ?? tls.Certificate;
        var keyText = tls.Key is null ? certificateText : System.Text.Encoding.UTF8.GetString(Read(tls.Key, "key"));
        try
        {
            certificates.ImportFromPem(certificateText);
        }
        catch (CryptographicException e)
        {
            throw new ServerStartException($"the certificate file {tls.Certificate} holds a damaged certificate: {Sentence(e)}", e);
        }

        if (certificates.Count == 0)
            throw new ServerStartException(
                $"the certificate file {tls.Certificate} holds no certificate; it needs a block that begins with -----BEGIN "
                + "CERTIFICATE-----");
        if (!keyText.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
            throw new ServerStartException($"the file {keyFile} holds no private key; name the key's PEM file under tls, key");

        var isEncrypted = keyText.Contains("-----BEGIN ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal);
        if (isEncrypted && password is null)
            throw new ServerStartException(
                $"the private key in {keyFile} is encrypted; name a file with its password under tls, password-file");

        try
        {
            using var leaf = isEncrypted
                ? X509Certificate2.CreateFromEncryptedPem(certificateText, keyText, password)
                : X509Certificate2.CreateFromPem(certificateText, keyText);
            certificates.RemoveAt(0);
            // Converted to PKCS#12 and back, because TLS on Windows cannot use a key that exists only in memory.
            return (X509CertificateLoader.LoadPkcs12(leaf.Export(X509ContentType.Pkcs12), null), certificates);
        }
        catch (CryptographicException e) when (isEncrypted)
        {
            throw new ServerStartException(
                $"the private key in {keyFile} cannot be opened with the password in {tls.PasswordFile}, or does not belong to the "
                + $"certificate in {tls.Certificate}", e);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new ServerStartException(
                $"the private key in {keyFile} does not belong to the certificate in {tls.Certificate}, or is damaged; name the key that "
                + "the certificate was made with", e);
        }
    }

    private static (X509Certificate2 Leaf, X509Certificate2Collection Chain) FromPfx(TlsOptions tls, byte[] content, string? password)
    {
        X509Certificate2Collection all;
        try
        {
            all = X509CertificateLoader.LoadPkcs12Collection(content, password);
        }
        catch (CryptographicException e)
        {
            throw new ServerStartException(
                password is null
                    ? $"the certificate file {tls.Certificate} is neither PEM nor a PFX file without a password; name a file with its "
                    + "password under tls, password-file"
                    : $"the certificate file {tls.Certificate} cannot be opened with the password in {tls.PasswordFile}, or is no PFX file",
                    e);
        }

        var leaf = all.FirstOrDefault(c => c.HasPrivateKey)
            ?? throw new ServerStartException(
            $"the certificate file {tls.Certificate} holds no private key; export the certificate together with its key");
        all.Remove(leaf);
        return (leaf, all);
    }

    private static string? WarningFor(TlsOptions tls, X509Certificate2 leaf, DateTimeOffset now) => now < leaf.NotBefore
        ? $"the certificate in {tls.Certificate} is not valid before {Day(leaf.NotBefore)}; clients will refuse it until then" : null;

    /// <summary>The day of a moment, in UTC.</summary>
    internal static string Day(DateTime time) => time.ToUniversalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string FirstLineOf(string file)
    {
        var text = System.Text.Encoding.UTF8.GetString(Read(file, "password"));
        return text.Split('\n', 2)[0].TrimEnd('\r');
    }

    private static byte[] Read(string file, string what)
    {
        try
        {
            return File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ServerStartException($"the {what} file {file} does not exist; check its path under tls", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ServerStartException($"the {what} file {file} cannot be read by this user: {Sentence(e)}", e);
        }
    }

    private static string Sentence(Exception e) => e.Message.ReplaceLineEndings(" ").TrimEnd('.', ' ');
}
