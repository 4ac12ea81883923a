using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>TLS with PEM and PFX certificates, and HTTP/2 over it.</summary>
public sealed class TlsTests
{
    [Theory]
    [InlineData("tls: { certificate: site.pem, key: site.key }")]
    [InlineData("tls: { certificate: site.pfx, password-file: site.password }")]
    public async Task Serves_http_2_with_a_certificate_from_a_file(string tls)
    {
        await using var frontEnd = await StartAsync(tls);
        using var client = Client(frontEnd);

        using var response = await client.GetAsync("/bytes?n=1000000");

        Assert.Equal(HttpVersion.Version20, response.Version);
        Assert.Equal(1_000_000, (await response.Content.ReadAsByteArrayAsync()).Length);
    }

    [Fact]
    public async Task Response_that_breaks_off_resets_its_stream_and_no_other()
    {
        await using var frontEnd = await StartAsync("tls: { certificate: site.pem, key: site.key }");
        using var client = Client(frontEnd);
        using var response = await client.GetAsync("/abort?n=5000", HttpCompletionOption.ResponseHeadersRead);

        var failure = await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsByteArrayAsync());

        Assert.True(failure is HttpProtocolException or { InnerException: HttpProtocolException }, failure.ToString());
        Assert.Equal(200, (int)(await client.GetAsync("/")).StatusCode);
    }

    [Fact]
    public async Task Trailers_pass()
    {
        await using var frontEnd = await StartAsync("tls: { certificate: site.pem, key: site.key }");
        using var client = Client(frontEnd);
        using var response = await client.GetAsync("/trailers");
        await response.Content.ReadAsByteArrayAsync();
        Assert.NotEmpty(response.TrailingHeaders);
    }

    [Theory]
    [InlineData("tls: { certificate: site.pem }", "key")]
    [InlineData("tls: { certificate: site.pfx, password-file: wrong.password }", "password")]
    public async Task Certificate_that_cannot_be_used_is_one_sentence(string tls, string expected)
    {
        var folder = Files();
        var sentence = await RunningFrontEnd.FailAsync(Yaml(tls), folder);
        Directory.Delete(folder, recursive: true);
        Assert.Contains(expected, sentence);
        Assert.DoesNotContain("\n", sentence);
    }

    private static Task<RunningFrontEnd> StartAsync(string tls) => RunningFrontEnd.StartAsync(Yaml(tls), Files());

    private static string Yaml(string tls) => $"name: site\nlisten: [ \"https://127.0.0.1:0\" ]\n{tls}\ndaemons: [ {{ name: app, sample: true }} ]";

    internal static string Files()
    {
        var folder = RunningFrontEnd.NewFolder();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Path.Combine(folder, "site.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "site.key"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllBytes(Path.Combine(folder, "site.pfx"), certificate.Export(X509ContentType.Pfx, "secret"));
        File.WriteAllText(Path.Combine(folder, "site.password"), "secret\n");
        File.WriteAllText(Path.Combine(folder, "wrong.password"), "wrong\n");
        return folder;
    }

    private static HttpClient Client(RunningFrontEnd frontEnd) => Client(frontEnd.Uri, HttpVersion.Version20);

    internal static HttpClient Client(Uri address, Version version) => new(new SocketsHttpHandler
    {
        // The test's own certificate, made a moment ago.
        SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
    })
    {
        BaseAddress = address,
        DefaultRequestVersion = version,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Timeout = RunningFrontEnd.Limit,
    };
}
