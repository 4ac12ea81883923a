using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DaemonProxy.Control;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>TLS with PEM and PFX certificates, and HTTP/2 over it.</summary>
[Trait("Host", "native")]
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

    [Fact]
    public async Task Certificate_is_renewed_under_load_without_a_failed_handshake()
    {
        await using var frontEnd = await StartAsync("tls: { certificate: site.pem, key: site.key }");
        using var stop = new CancellationTokenSource();
        var served = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        var load = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested) served.AddOrUpdate(await HandshakeAsync(frontEnd.Uri), 1, (_, count) => count + 1);
        })).ToArray();

        List<string> certificates = [];
        for (var renewal = 0; renewal < 3; renewal++)
        {
            WriteCertificate(frontEnd.Folder, $"CN=renewed{renewal}");
            await frontEnd.Control.RestartAsync(null);
            certificates.Add($"CN=renewed{renewal}");
            await RunningFrontEnd.UntilAsync(() => served.GetValueOrDefault(certificates[^1]) > 3, $"handshakes with {certificates[^1]}");
        }
        await stop.CancelAsync();
        await Task.WhenAll(load);

        Assert.Equal(3, frontEnd.Events().Count(code => code == "DPXY0052"));
        Assert.Equal(["CN=localhost", .. certificates], served.Keys.Order());
    }

    [Fact]
    public async Task Reload_with_a_certificate_that_cannot_be_used_changes_nothing_and_says_so()
    {
        await using var frontEnd = await StartAsync("tls: { certificate: site.pem, key: site.key }");
        File.WriteAllText(Path.Combine(frontEnd.Folder, "site.key"), "no key");

        var refusal = await Assert.ThrowsAsync<ControlException>(() => frontEnd.Control.RestartAsync(null));

        Assert.Contains("nothing was changed", refusal.Message);
        Assert.Contains("site.key", refusal.Message);
        Assert.Equal("CN=localhost", await HandshakeAsync(frontEnd.Uri));
    }

    /// <summary>The subject of the certificate that a new connection is given.</summary>
    private static async Task<string> HandshakeAsync(Uri address)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, address.Port);
        await using var tls = new SslStream(socket.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("localhost").WaitAsync(RunningFrontEnd.Limit);
        return tls.RemoteCertificate!.Subject;
    }

    private static Task<RunningFrontEnd> StartAsync(string tls) => RunningFrontEnd.StartAsync(Yaml(tls), Files());

    private static string Yaml(string tls) =>
        $"name: site\nlisten: [ \"https://127.0.0.1:0\" ]\n{tls}\ndaemons: [ {{ name: app, sample: true }} ]";

    internal static string Files()
    {
        var folder = RunningFrontEnd.NewFolder();
        WriteCertificate(folder, "CN=localhost");
        return folder;
    }

    internal static void WriteCertificate(string folder, string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest(subject, key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Path.Combine(folder, "site.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "site.key"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllBytes(Path.Combine(folder, "site.pfx"), certificate.Export(X509ContentType.Pfx, "secret"));
        File.WriteAllText(Path.Combine(folder, "site.password"), "secret\n");
        File.WriteAllText(Path.Combine(folder, "wrong.password"), "wrong\n");
        if (OperatingSystem.IsWindows()) return;
        foreach (var file in Directory.EnumerateFiles(folder, "*.password"))
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
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
