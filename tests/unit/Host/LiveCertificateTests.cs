using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Host.Hosting;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>A certificate whose files change while it is in use, on a clock of the test's own.</summary>
public sealed class LiveCertificateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dp-tls-").FullName;
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly MemoryStream _log = new();
    private readonly TlsOptions _files;

    public LiveCertificateTests() =>
        _files = new TlsOptions { Certificate = Path.Combine(_folder, "site.pem"), Key = Path.Combine(_folder, "site.key") };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Renewed_files_are_used_at_the_next_look()
    {
        Write("CN=old", days: 90);
        using var certificate = Open();
        Write("CN=new", days: 90);

        Look();

        Assert.Equal("CN=new", certificate.Current.Leaf.Subject);
        Assert.Same(certificate.Current.Leaf, certificate.Handshake.ServerCertificateContext!.TargetCertificate);
        Assert.Equal(["DPXY0052"], Codes());
    }

    [Fact]
    public void Files_that_stay_as_they_are_make_no_event()
    {
        Write("CN=old", days: 90);
        using var certificate = Open();
        var first = certificate.Handshake;
        for (var look = 0; look < 10; look++) Look();
        Assert.Same(first, certificate.Handshake);
        Assert.Empty(Codes());
    }

    [Fact]
    public void Certificate_written_before_its_key_is_no_failure()
    {
        Write("CN=old", days: 90);
        using var certificate = Open();
        var (pem, key) = Make("CN=new", 90);

        File.WriteAllText(_files.Certificate, pem);
        Look();
        Assert.Equal("CN=old", certificate.Current.Leaf.Subject);
        File.WriteAllText(_files.Key!, key);
        Look();

        Assert.Equal("CN=new", certificate.Current.Leaf.Subject);
        Assert.Equal(["DPXY0052"], Codes());
    }

    [Theory]
    [InlineData("damaged")]
    [InlineData("another key")]
    [InlineData("empty")]
    [InlineData("gone")]
    public void Files_that_cannot_be_used_leave_the_old_certificate_and_are_told_once(string how)
    {
        Write("CN=old", days: 90);
        using var certificate = Open();
        switch (how)
        {
            case "damaged": File.WriteAllText(_files.Certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"); break;
            case "another key": File.WriteAllText(_files.Key!, Make("CN=x", 90).Key); break;
            case "empty": File.WriteAllText(_files.Certificate, ""); break;
            default: File.Delete(_files.Certificate); break;
        }

        for (var look = 0; look < 5; look++) Look();

        Assert.Equal("CN=old", certificate.Current.Leaf.Subject);
        Assert.Equal(["DPXY0053"], Codes());
        Assert.Throws<ServerStartException>(() => certificate.LoadChanged(_files));

        Write("CN=new", days: 90);
        Look();
        Assert.Equal("CN=new", certificate.Current.Leaf.Subject);
    }

    [Fact]
    public void Its_end_is_told_30_and_7_and_1_days_before_and_when_it_has_come()
    {
        Write("CN=old", days: 40);
        using var certificate = Open();
        List<int> told = [];
        for (var day = 0; day < 50; day++)
        {
            var before = Codes().Count;
            _time.Advance(TimeSpan.FromDays(1));
            if (Codes().Count > before) told.Add(39 - day);
        }
        Assert.Equal([30, 7, 1, 0], told);
        Assert.All(Codes(), code => Assert.Equal("DPXY0054", code));
        Assert.Contains("expired on", Encoding.UTF8.GetString(_log.ToArray()));

        Write("CN=new", days: 200);
        Look();
        Assert.Equal("DPXY0052", Codes()[^1]);
    }

    private LiveCertificate Open() => new(_files, EventLog.To(_log, _time), _time);

    private void Look() => _time.Advance(LiveCertificate.BetweenLooks);

    private IReadOnlyList<string> Codes() =>
        [.. Encoding.UTF8.GetString(_log.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split("\"code\":\"")[1][..8])];

    private void Write(string subject, int days)
    {
        var (pem, key) = Make(subject, days);
        File.WriteAllText(_files.Certificate, pem);
        File.WriteAllText(_files.Key!, key);
    }

    private (string Pem, string Key) Make(string subject, int days)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = _time.GetUtcNow();
        using var certificate = new CertificateRequest(subject, key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(now.AddDays(-1), now.AddDays(days));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
