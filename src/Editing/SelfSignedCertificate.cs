using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace DaemonProxy.Editing;

/// <summary>Makes a certificate that signs itself, to try TLS with, as a PEM file and a file with its key.</summary>
public static class SelfSignedCertificate
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Everybody = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    // Clients whose clocks are somewhat slow must not refuse it.
    private static readonly TimeSpan ClockDifference = TimeSpan.FromMinutes(5);

    /// <summary>Makes a certificate and writes it. The key's file is readable by its owner only.</summary>
    /// <param name="file">Full path of the certificate's file.</param>
    /// <param name="keyFile">Full path of the key's file.</param>
    /// <param name="names">The host names and IP addresses that it is valid for; the first becomes its subject.</param>
    /// <param name="days">How many days it is valid from now on, &gt; 0.</param>
    /// <param name="now">The present time.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be written.</exception>
    public static X509Certificate2 Write(string file, string keyFile, IReadOnlyList<string> names, int days, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(names);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(names[0]);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names.Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (IPAddress.TryParse(name, out var address)) alternatives.AddIpAddress(address);
            else alternatives.AddDnsName(name);
        }
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication)], critical: false));
        var certificate = request.CreateSelfSigned(now - ClockDifference, now.AddDays(days));
        // The key first: a front end that looks in between finds a pair that does not match, and looks again.
        Write(keyFile, key.ExportPkcs8PrivateKeyPem() + "\n", OwnerOnly);
        Write(file, certificate.ExportCertificatePem() + "\n", Everybody);
        return certificate;
    }

    /// <summary>
    /// Replaces the file by a new one: writing into an existing one would leave it the mode and the owner that it has.
    /// </summary>
    private static void Write(string path, string text, UnixFileMode mode)
    {
        var unfinished = $"{path}.{Guid.NewGuid():n}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = mode;
        try
        {
            using (var writer = new StreamWriter(unfinished, options)) writer.Write(text);
            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }
}
