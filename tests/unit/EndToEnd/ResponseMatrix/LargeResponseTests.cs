using System.Collections.Concurrent;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd.ResponseMatrix;

/// <summary>
/// Responses so large that their blocks stay inside the system, beside those of the same bytes whose limit wants to see each: whole, in
/// order, and with their own end, for clients that read fast and slowly, over kept connections and others.
/// </summary>
public sealed class LargeResponseTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Every_large_response_arrives_whole_and_ends()
    {
        var folder = Directory.CreateTempSubdirectory("dp-large-").FullName;
        using var blocks = new BlockServer(Path.Combine(folder, "blocks"));
        await using var frontEnd = await RunningFrontEnd.StartAsync($"""
            name: large
            listen: [ "http://127.0.0.1:0" ]
            daemons:
              - {"{"} name: tcp, address: "http://127.0.0.1:{blocks.Port}" {"}"}
              - {"{"} name: unix, address: "unix:{Path.Combine(folder, "blocks")}" {"}"}
            routes:
              - {"{"} path: /tcp, daemon: tcp {"}"}
              - {"{"} path: /unix, daemon: unix {"}"}
              - {"{"} path: /bucket, daemon: unix, rate-limit: 400MiB/s, rate-limit-after: 300KB {"}"}
              - {"{"} path: /interval, daemon: unix, rate-limit: 100MiB/s, pacer: interval {"}"}
            """, folder);
        string[] shapes =
        [
            "8*1000000", "1000000,3*1,1000000,5*5000,1000000,1000000,999", "40*100000", "1000000,1000000,262144,262144,1,1000000",
            "4*1000000,200*100,2*1000000",
        ];
        var cases = from mode in new[] { "tcp", "unix", "bucket", "interval" }
                    from length in new[] { "declared", "close" }
                    from shape in shapes
                    from client in new[] { ("1.1", true), ("1.1", false), ("1.0", false) }
                    select (mode, length, shape, client);
        var wrong = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(cases, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (one, cancellation) =>
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(Limit);
            using var client = new RawClient(frontEnd.Uri, one.client.Item1, one.client.Item2);
            // Twice, so that what one leaves behind meets the next, on the daemon's connection and on the client's.
            for (var i = 0; i < 2; i++)
            {
                try
                {
                    var (status, _, body) = await client.SendAsync(
                        "GET", $"/{one.mode}?length={one.length}&how=list&status=200%20OK&blocks={one.shape}", limit.Token);
                    if (status != "200 OK" || Fault(body, one.shape) is not null) wrong.Add($"{one}: {status}, {Fault(body, one.shape)}");
                }
                catch (Exception failure)
                {
                    wrong.Add($"{one}: {failure.GetType().Name}: {failure.Message}");
                    return;
                }
            }
        });
        Assert.True(wrong.IsEmpty, string.Join('\n', wrong.Order().Take(20)));
    }

    private static string? Fault(byte[] body, string shape) => BlockServer.Fault(
        body, shape.Split(',').Select(part => part.Split('*')).Sum(part => part.Select(int.Parse).Aggregate((a, b) => a * b)));
}
