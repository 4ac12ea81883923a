using System.CommandLine;
using DaemonProxy.Control;
using DaemonProxy.Verification.Advising;
using DaemonProxy.Verification.Reporting;

namespace DaemonProxy.Host.CommandLine;

/// <summary><c>daemonproxy advise [NAME]</c>: says which flush delay suits each daemon group of a running front end.</summary>
internal static class AdviseCommand
{
    public static Command Create()
    {
        var name = FrontEndNames.CreateArgument();
        var daemon = new Option<string?>("--daemon") { Description = "Only this daemon group.", HelpName = "NAME" };
        var during = new Option<string?>("--during")
        {
            Description = "Go by what is written from now on, for this long; without it, since the start.",
            HelpName = "TIME",
        };
        var report = new Option<string?>("--report") { Description = "Write a page with charts too.", HelpName = "FILE.html" };
        var json = JsonOption.Create();
        var command = new Command("advise", "Say which flush delay suits each daemon group, by how its application writes.")
        {
            name, daemon, during, report, json,
        };
        command.AddRule(parsed =>
        {
            if (parsed.GetValue(during) is { } text && VerifyCommand.Time(text, 1000) is null)
                parsed.AddError($"--during: '{text}' is no time; write for example 30s.");
        });
        command.SetAction(async (arguments, cancellationToken) =>
        {
            using var client = new ControlClient(arguments.GetValue(name)!);
            var status = await client.GetStatusAsync(cancellationToken);
            var earlier = status;
            if (VerifyCommand.Time(arguments.GetValue(during), 1000) is { } time)
            {
                await Task.Delay(time, TimeProvider.System, cancellationToken);
                status = await client.GetStatusAsync(cancellationToken);
            }

            // A group may have come or gone meanwhile.
            var before = ReferenceEquals(status, earlier) ? [] : earlier.Daemons;
            var advice = Choose(status, arguments.GetValue(daemon)).Select(group => FlushAdvisor.Advise(
                status, group.Daemon, before.FirstOrDefault(one => one.Daemon == group.Daemon)?.Traffic)).ToList();
            if (arguments.GetValue(report) is { } path) FlushAdviceReport.Write(Path.GetFullPath(path), advice);
            await arguments.InvocationConfiguration.Output.WriteLineAsync(
                arguments.GetValue(json) ? VerificationJson.Text<FlushAdvice>(advice) : VerificationReport.Text(advice));
            return DaemonProxyCommand.Ok;
        });
        return command;
    }

    private static IReadOnlyList<DaemonStatus> Choose(InstanceStatus status, string? daemon)
    {
        if (daemon is null) return status.Daemons;
        return [status.Daemons.FirstOrDefault(one => one.Daemon == daemon) ?? throw new ControlException(
            $"'{status.Name}' has no daemon group '{daemon}'; it has {string.Join(", ", status.Daemons.Select(one => one.Daemon))}",
            ControlFailure.NotFound)];
    }
}
