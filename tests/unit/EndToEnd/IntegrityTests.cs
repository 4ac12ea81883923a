using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// No byte is lost or reordered, by any pacer in any scope, under any flush policy, in blocks of any size, over any version of HTTP.
/// </summary>
public sealed class IntegrityTests
{
    // The test suite has a small part of the bytes that were checked once (DAEMONPROXY_INTEGRITY_BYTES=1073741824).
    private static readonly long Size = long.TryParse(Environment.GetEnvironmentVariable("DAEMONPROXY_INTEGRITY_BYTES"), out var wanted)
        ? wanted : 1_500_001;
    private const int AtOnce = 24;

    private static readonly (string Pacer, string Scope)[] Limits =
    [
        ("token-bucket", "response"), ("token-bucket", "client"), ("token-bucket", "route"), ("token-bucket", "total"),
            ("interval", "response"), ("interval-2.4.33", "response"),
    ];

    private static readonly string[] Policies = ["", ", response-flush-delay: 0, response-buffer-size: 64KiB, response-flush-deadline: 0"];
    private static readonly int[] Chunks = [100, 8192, 1 << 20];
    private static readonly Version[] Versions = [HttpVersion.Version10, HttpVersion.Version11, HttpVersion.Version20];

    [Fact]
    public async Task Every_byte_arrives_once_and_in_order()
    {
        var groups = Policies.Select((policy, i) => $"  - {{ name: app{i}, sample: true{policy} }}");
        var routes = from limit in Limits.Index()
                     from policy in Policies.Index()
                     let own = limit.Item.Scope == "total"
                         ? "" : $", rate-limit: 32MiB/s, rate-scope: {limit.Item.Scope}, pacer: {limit.Item.Pacer}, rate-limit-after: 10KiB"
                     select $"  - {{ path: /{limit.Index}/{policy.Index}, daemon: app{policy.Index}, strip-prefix: true{own} }}";
        await using var frontEnd = await RunningFrontEnd.StartAsync($"""
            name: site
            listen: [ "http://127.0.0.1:0", "https://127.0.0.1:0" ]
            tls: {"{"} certificate: site.pem, key: site.key {"}"}
            rate-limits:
              - {"{"} rate-limit: 64MiB/s, rate-scope: total, paths: [ /3 ] {"}"}
            daemons:
            {string.Join('\n', groups)}
            routes:
            {string.Join('\n', routes)}
            """, TlsTests.Files());
        var expected = Expected();
        var combinations = from limit in Enumerable.Range(0, Limits.Length)
                           from policy in Enumerable.Range(0, Policies.Length)
                           from chunk in Chunks
                           from version in Versions
                           select (limit, policy, chunk, version);
        var clients = Versions.ToDictionary(
            version => version, version => TlsTests.Client(frontEnd.Status.Uris[version.Major == 2 ? 1 : 0], version));
        var wrong = new ConcurrentBag<string>();
        var count = 0;
        await Parallel.ForEachAsync(combinations, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (of, cancellation) =>
        {
            var path = $"/{of.limit}/{of.policy}/stream?n={Size}&chunk={of.chunk}";
            using var response = await clients[of.version].GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellation);
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            var hash = Convert.ToHexString(await SHA256.HashDataAsync(body, cancellation));
            if (response.Version != of.version && !(of.version == HttpVersion.Version10 && response.Version == HttpVersion.Version11))
                wrong.Add($"{path} over {response.Version}");
            if (hash != expected) wrong.Add($"{Limits[of.limit]} {path} over HTTP/{of.version}");
            Interlocked.Increment(ref count);
        });
        foreach (var client in clients.Values) client.Dispose();
        Assert.Empty(wrong);
        Assert.Equal(Limits.Length * Policies.Length * Chunks.Length * Versions.Length, count);
    }

    /// <summary>The checksum of what the sample application says it sends.</summary>
    private static string Expected()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = new byte[65_521];
        for (var i = 0; i < block.Length; i++) block[i] = (byte)(unchecked((uint)i * 2_654_435_761u) >> 24);
        for (var left = Size; left > 0; left -= block.Length) hash.AppendData(block.AsSpan(0, (int)Math.Min(left, block.Length)));
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
