using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Host.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace DaemonProxy.Tests.Host;

/// <summary>What the server may change from one request of a connection to the next, and what an exchange says of it.</summary>
public sealed class HttpExchangeTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("dpx-").FullName;
    private readonly Recorder _recorder = new();
    private LiveCertificate _certificate = null!;
    private HttpServer _server = null!;

    private string SocketPath => Path.Combine(_folder, "server.sock");

    public async ValueTask InitializeAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(90));
        var files = new TlsOptions { Certificate = Path.Combine(_folder, "site.pem"), Key = Path.Combine(_folder, "site.key") };
        File.WriteAllText(files.Certificate, certificate.ExportCertificatePem());
        File.WriteAllText(files.Key, key.ExportPkcs8PrivateKeyPem());
        _certificate = new LiveCertificate(files, EventLog.To(new MemoryStream(), TimeProvider.System), TimeProvider.System);
        _server = await HttpServer.StartAsync(
            new HttpServerOptions
            {
                UnixSocket = SocketPath,
                Listen = [ListenAddress.AnyLoopbackPort, new("https", "127.0.0.1", 0)],
                Certificate = _certificate,
                MaxRequestBodySize = 1000,
            },
            _recorder, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _certificate.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private Uri AddressOf(string scheme) => _server.Addresses.Single(address => address.Scheme == scheme);

    public static TheoryData<string, string, bool> Kinds { get; } = new()
    {
        { "http", "1.1", true },
        { "https", "1.1", false },
        { "https", "2.0", false },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Requests_of_a_connection_share_an_exchange_that_tells_of_each(string scheme, string version, bool lends)
    {
        using var handler = new SocketsHttpHandler
        {
            MaxConnectionsPerServer = 1,
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        };
        using var client = new HttpClient(handler) { BaseAddress = AddressOf(scheme), Timeout = Limit };
        await SendAsync(client, version, HttpMethod.Get, "/first", body: null);
        await SendAsync(client, version, HttpMethod.Post, "/second", body: "some");
        await SendAsync(client, version, HttpMethod.Put, "/third", body: null);
        await SendAsync(client, version, HttpMethod.Get, "/fourth", body: null);

        var seen = _recorder.Seen.ToArray();
        Assert.Equal(
            ["GET /first False ", "POST /second True some", "PUT /third False ", "GET /fourth False "], seen.Select(one => one.Request));
        Assert.All(seen, one => Assert.Equal((lends, 1000L), (one.Lends, one.Most)));
        // A stream is used again only if the server is done with it before the next request.
        Assert.InRange(seen.Select(one => one.Exchange).Distinct().Count(), 1, version == "2.0" ? 4 : 1);
    }

    [Fact]
    public async Task Connections_and_streams_at_the_same_time_have_exchanges_of_their_own()
    {
        _recorder.Together = new Barrier(3);
        using var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
        using var client = new HttpClient(handler) { Timeout = Limit };
        await Task.WhenAll(
            SendAsync(client, "2.0", HttpMethod.Get, new Uri(AddressOf("https"), "/a").ToString(), null),
            SendAsync(client, "2.0", HttpMethod.Get, new Uri(AddressOf("https"), "/b").ToString(), null),
            SendAsync(client, "1.1", HttpMethod.Get, new Uri(AddressOf("http"), "/c").ToString(), null));
        Assert.Equal(3, _recorder.Seen.Select(one => one.Exchange).Distinct().Count());
    }

    [Fact]
    public void Server_that_keeps_nothing_gets_a_new_exchange_for_each_request()
    {
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature());
        Assert.NotSame(HttpExchange.From(features), HttpExchange.From(features));
    }

    private static async Task SendAsync(HttpClient client, string version, HttpMethod method, string target, string? body)
    {
        using var request = new HttpRequestMessage(method, target)
        {
            Version = Version.Parse(version),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (body is not null) request.Content = new StringContent(body);
        using var response = await client.SendAsync(request);
        Assert.Equal((HttpStatusCode.OK, "done"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
    }

    private sealed record Sighting(HttpExchange Exchange, string Request, bool Lends, long? Most);

    private sealed class Recorder : IHttpApplication<HttpExchange>
    {
        public ConcurrentQueue<Sighting> Seen { get; } = new();

        public Barrier? Together { get; set; }

        public HttpExchange CreateContext(IFeatureCollection contextFeatures) => HttpExchange.From(contextFeatures);

        public void DisposeContext(HttpExchange context, Exception? exception)
        {
        }

        public async Task ProcessRequestAsync(HttpExchange context)
        {
            // All of them are being served at this moment.
            if (Together is { } barrier) await Task.Run(() => barrier.SignalAndWait(Limit));
            var (request, hasBody) = (context.Request, context.CanHaveBody);
            using var body = new StreamReader(context.Find<IRequestBodyPipeFeature>()!.Reader.AsStream());
            var text = await body.ReadToEndAsync();
            Seen.Enqueue(new(
                context, $"{request.Method} {request.Path} {hasBody} {text}", context.Lender is not null,
                context.BodySize?.MaxRequestBodySize));
            context.Response.Headers.ContentLength = 4;
            await context.ResponseBody.Writer.WriteAsync("done"u8.ToArray());
        }
    }
}
