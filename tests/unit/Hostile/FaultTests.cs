using System.Text;
using DaemonProxy.Tests.EndToEnd;
using Xunit;

namespace DaemonProxy.Tests.Hostile;

/// <summary>
/// <c>tests/hostile/faults.txt</c>: daemons that end at every point of an answer and clients that leave at every point of a request; and
/// files that go away underneath. Each leaves the front end serving the next request, and nothing of the broken one behind.
/// </summary>
public sealed class FaultTests
{
    private static readonly IReadOnlyList<string[]> Cases = CorpusFile.Read("faults.txt");

    [Fact]
    public async Task Every_fault_is_its_own_requests_alone()
    {
        Assert.True(Cases.Count >= 40, $"only {Cases.Count} faults");
        var current = "";
        await using var daemon = new RecordingDaemon("daemon", async (request, stream) =>
        {
            if (request.Target == "/neighbour")
            {
                await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"u8.ToArray());
                return true;
            }
            if (request.Target == "/slow") return await NeverAsync(stream);
            var columns = Cases.Single(columns => $"{columns[1]} {columns[2]}" == current && columns[0] == "daemon");
            await stream.WriteAsync(CorpusFile.Bytes(columns[4]));
            await stream.FlushAsync();
            return columns[2] == "close" ? false : throw new ResetException();
        });
        await using var frontEnd = await RunningFrontEnd.StartAsync($$"""
            name: faults
            daemons: [ { name: app, address: "{{daemon.Address}}", socket-timeout: 10 } ]
            routes: [ { path: /, daemon: app } ]
            """);
        var failures = new StringBuilder();
        foreach (var columns in Cases)
        {
            current = $"{columns[1]} {columns[2]}";
            var failure = columns[0] == "daemon"
                ? await DaemonFaultAsync(frontEnd, columns[3])
                : await ClientFaultAsync(frontEnd, CorpusFile.Bytes(columns[4]), columns[2] == "reset");
            using var neighbour = RawClient.Connect(frontEnd.Uri);
            await neighbour.SendAsync("GET /neighbour HTTP/1.1\r\nHost: a\r\n\r\n");
            if (await neighbour.ReadAsync() is not { Status: 200, Body: "OK", IsWhole: true })
                failure ??= "the neighbour has no answer of its own";
            if (failure is not null) failures.AppendLine($"{columns[0]} {current}: {failure}");
        }
        Assert.True(failures.Length == 0, failures.ToString());
        Assert.DoesNotContain("DPXY0011", frontEnd.Events());
        await RunningFrontEnd.UntilAsync(
            () => frontEnd.Control.GetStatusAsync().GetAwaiter().GetResult().ActiveRequests == 0, "all requests to end");
    }

    [Fact]
    public async Task Logs_that_are_removed_while_it_serves_are_made_again()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows keeps the name of a file that is open");
        var folder = RunningFrontEnd.NewFolder();
        await using var frontEnd = await RunningFrontEnd.StartAsync("access-log: access.log", folder);
        var access = Path.Combine(folder, "access.log");
        await frontEnd.Client.GetStringAsync("/bytes?n=6");
        await RunningFrontEnd.UntilAsync(() => File.Exists(access) && new FileInfo(access).Length > 0, "the access log");
        File.Delete(access);
        File.Delete(frontEnd.Status.LogFile!);
        await frontEnd.Client.GetStringAsync("/bytes?n=7");
        await frontEnd.RawAsync("GET /x# HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        await RunningFrontEnd.UntilAsync(
            () => File.Exists(access)
            && File.ReadAllText(access).Contains("?n=7", StringComparison.Ordinal), "a line in the new access log");
        await RunningFrontEnd.UntilAsync(() => File.Exists(frontEnd.Status.LogFile!), "a new event log");
        await frontEnd.EventAsync("DPXY0023");
    }

    private static async Task<string?> DaemonFaultAsync(RunningFrontEnd frontEnd, string expected)
    {
        using var client = RawClient.Connect(frontEnd.Uri);
        await client.SendAsync("GET /case HTTP/1.1\r\nHost: a\r\n\r\n");
        var answer = await client.ReadAsync();
        var got = answer is { Status: > 0, IsWhole: true } ? $"{answer.Status}" : "broken";
        // Where nothing had left yet, the front end could say so by a status.
        return got == expected || (expected, got) is ("broken", "502") ? null : $"{got}, expected {expected}";
    }

    private static async Task<string?> ClientFaultAsync(RunningFrontEnd frontEnd, byte[] bytes, bool reset)
    {
        using var client = RawClient.Connect(frontEnd.Uri);
        await client.SendAsync(bytes);
        client.Leave(reset);
        return null;
    }

    // Until the front end gives the exchange up.
    private static async Task<bool> NeverAsync(Stream stream)
    {
        var one = new byte[1];
        return await stream.ReadAsync(one) > 0;
    }
}
