using System.Diagnostics;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>The signals that operators, log rotation and init systems send to a front end.</summary>
public sealed class SignalTests
{
    private const string Yaml =
        "name: site\nlisten: [ \"http://127.0.0.1:0\" ]\naccess-log: access.log\ndaemons: [ { name: app, sample: true } ]\nroutes: [ { "
        + "path: /, daemon: app } ]\n";

    [Fact]
    public async Task Hup_reads_the_configuration_again()
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml);
        File.WriteAllText(frontEnd.Status.ConfigurationFile!, Yaml.Replace("daemon: app }", "daemon: app, rate-limit: 1MiB/s }"));

        Send(frontEnd, "HUP");

        await RunningFrontEnd.UntilAsync(
            () => frontEnd.Control.GetStatusAsync().GetAwaiter().GetResult().Routes[0].RateLimits[0].Rate == 1 << 20, "the new limit");
        await frontEnd.Client.GetByteArrayAsync("/bytes?n=10");
    }

    [Fact]
    public async Task Hup_with_a_mistaken_configuration_is_an_event_and_changes_nothing()
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml);
        File.WriteAllText(frontEnd.Status.ConfigurationFile!, Yaml.Replace("daemon: app }", "daemon: nobody }"));

        Send(frontEnd, "HUP");

        await frontEnd.EventAsync("DPXY0055");
        Assert.Contains("nobody", frontEnd.LogLines().Single(line => line.Contains("DPXY0055")));
        await frontEnd.Client.GetByteArrayAsync("/bytes?n=10");
    }

    [Fact]
    public async Task Usr1_opens_the_logs_again()
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml);
        await frontEnd.Client.GetByteArrayAsync("/bytes?n=10");
        string[] logs = [frontEnd.Status.LogFile!, Path.Combine(frontEnd.Folder, "access.log")];
        foreach (var log in logs) File.Move(log, log + ".old");

        Send(frontEnd, "USR1");

        await RunningFrontEnd.UntilAsync(() => logs.All(File.Exists), "the new logs");
        // A line that had waited for its turn is in the new one.
        await RunningFrontEnd.UntilAsync(
            () => (File.ReadAllText(logs[1] + ".old") + File.ReadAllText(logs[1])).Contains("/bytes?n=10"), "the request of before");
        await frontEnd.Client.GetByteArrayAsync("/bytes?n=20");
        await RunningFrontEnd.UntilAsync(() => File.ReadAllText(logs[1]).Contains("/bytes?n=20"), "the request in the new log");
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    [InlineData("QUIT")]
    public async Task Signal_to_end_lets_a_response_in_flight_finish(string signal)
    {
        await using var frontEnd = await RunningFrontEnd.StartAsync(Yaml);
        using var response = await frontEnd.Client.GetAsync(
            "/drip?count=20&every-ms=50&chunk=100", HttpCompletionOption.ResponseHeadersRead);

        Send(frontEnd, signal);

        Assert.Equal(20 * 100, (await response.Content.ReadAsByteArrayAsync()).Length);
        Assert.Equal(0, await frontEnd.EndedAsync());
    }

    private static void Send(RunningFrontEnd frontEnd, string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signals");
        using var kill = Process.Start("kill", [$"-{signal}", $"{frontEnd.ProcessId}"]);
        kill.WaitForExit(RunningFrontEnd.Limit);
        Assert.Equal(0, kill.ExitCode);
    }
}
