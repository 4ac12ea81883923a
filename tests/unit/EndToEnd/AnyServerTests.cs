using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DaemonProxy.Verification.Measuring;
using DaemonProxy.Verification.Verifying;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

[Trait("Host", "native")]
public class AnyServerTests
{
    [Fact]
    public async Task A_rate_is_measured_over_tls_once_the_certificate_is_taken()
    {
        var folder = RunningFrontEnd.NewFolder();
        using (var key = RSA.Create(2048))
        {
            using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
                .CreateSelfSigned(DateTimeOffset.Now.AddDays(-1), DateTimeOffset.Now.AddDays(1));
            await File.WriteAllTextAsync(
                Path.Combine(folder, "site.pem"), certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        }

        await using var site = await RunningFrontEnd.StartAsync(
            """
            tls: { certificate: site.pem }
            listen: [ https://127.0.0.1:0 ]
            daemons: [ { name: app, sample: true } ]
            routes: [ { path: /slow, daemon: app, strip-prefix: true, rate-limit: 256KiB/s } ]
            """, folder);
        var options = new ServerRateLimitOptions
        {
            Uri = new(site.Uri, "slow/bytes?n=9000000"),
            Rate = 256 << 10,
            Duration = TimeSpan.FromSeconds(1),
            Tolerance = 0.2,
        };

        var refused = await ServerRateLimitVerification.RunAsync(options, null, default);
        var measured = await ServerRateLimitVerification.RunAsync(options with { SkipCertificateCheck = true }, null, default);
        var many = await ServerRateLimitVerification.RunAsync(
            options with { SkipCertificateCheck = true, Connections = 20 }, null, default);

        Assert.Equal(nameof(MeasurementFailure.TlsFailed), refused.Failure);
        Assert.Contains("is not trusted", refused.Problem);
        Assert.InRange(measured.Ratio, 0.8, 1.2);
        Assert.Equal(20, many.Details.Count(connection => connection.AchievedRate > 0));
        Assert.InRange(many.Ratio, 0.8, 1.2);
    }
}
