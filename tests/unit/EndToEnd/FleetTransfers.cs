using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>Endless downloads from front ends of a fleet and uploads to them, and how many bytes of each have arrived.</summary>
internal sealed class FleetTransfers : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly List<Task> _running = [];
    private readonly List<long[]> _got = [];

    /// <summary>Begins downloads, and waits for the first byte of each.</summary>
    public Task AddAsync(RunningFrontEnd frontEnd, int count) => AddAsync(count, got => ReadAsync(frontEnd.Client, got));

    /// <summary>Begins uploads, and waits until the daemon has the first byte of each: it sends back what has arrived.</summary>
    public Task AddUploadsAsync(RunningFrontEnd frontEnd, int count) => AddAsync(count, got => EchoAsync(frontEnd.Uri, got));

    private async Task AddAsync(int count, Func<long[], Task> transfer)
    {
        var added = Enumerable.Range(0, count).Select(_ => new long[1]).ToArray();
        _got.AddRange(added);
        _running.AddRange(added.Select(transfer));
        await RunningFrontEnd.UntilAsync(() => added.All(got => Volatile.Read(ref got[0]) > 0), "the first bytes of each");
    }

    /// <summary>The rate of each in the time that follows, bytes a second, and the longest time in which none of them got anything.</summary>
    public async Task<(double[] Rates, TimeSpan LongestStall)> MeasureAsync(TimeSpan time)
    {
        var (start, before) = (Stopwatch.GetTimestamp(), Sums());
        var (last, since, longest) = (before.Sum(), start, TimeSpan.Zero);
        while (Stopwatch.GetElapsedTime(start) < time)
        {
            await Task.Delay(10);
            if (Sums().Sum() is var sum && sum == last) continue;
            var now = Stopwatch.GetTimestamp();
            if (Stopwatch.GetElapsedTime(since, now) is var gap && gap > longest) longest = gap;
            (last, since) = (sum, now);
        }
        var took = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return ([.. Sums().Zip(before, (after, first) => (after - first) / took)], longest);
    }

    private long[] Sums() => [.. _got.Select(got => Volatile.Read(ref got[0]))];

    private async Task ReadAsync(HttpClient client, long[] got)
    {
        try
        {
            using var response = await client.GetAsync("/bytes?n=100000000000&chunk=65536", HttpCompletionOption.ResponseHeadersRead, _end.Token);
            using var body = await response.Content.ReadAsStreamAsync(_end.Token);
            var buffer = new byte[65_536];
            while (await body.ReadAsync(buffer, _end.Token) is > 0 and var count) Interlocked.Add(ref got[0], count);
        }
        catch (Exception end) when (end is OperationCanceledException or IOException or HttpRequestException)
        {
            // Enough, or the front end was killed.
        }
    }

    private async Task EchoAsync(Uri address, long[] got)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, address.Port, _end.Token);
            await socket.SendAsync("POST /echo?raw=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n"u8.ToArray(), _end.Token);
            await Task.WhenAll(SendAsync(), ReceiveAsync());
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException)
        {
            // Enough, or the front end was killed.
        }

        async Task SendAsync()
        {
            for (var block = new byte[65_536]; ;) await socket.SendAsync(block, _end.Token);
        }

        async Task ReceiveAsync()
        {
            var buffer = new byte[65_536];
            while (await socket.ReceiveAsync(buffer, _end.Token) is > 0 and var count)
            {
                if (got[0] == 0) Assert.StartsWith("HTTP/1.1 200", Encoding.ASCII.GetString(buffer, 0, count));
                Interlocked.Add(ref got[0], count);
            }
            throw new SocketException((int)SocketError.ConnectionReset);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_running);
        _end.Dispose();
    }
}
