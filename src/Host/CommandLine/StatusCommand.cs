using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Display;

namespace DaemonProxy.Host.CommandLine;

/// <summary><c>daemonproxy status [NAME]</c>: shows this user's running front ends.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var name = new Argument<string?>("NAME")
        {
            Description = "One front end, with its daemons and routes; without it all that run.",
            HelpName = "NAME",
            Arity = ArgumentArity.ZeroOrOne,
        };
        name.CompletionSources.Add(FrontEndNames.Complete);
        var json = JsonOption.Create();
        var command = new Command("status", "Show the front ends that run.") { name, json };
        command.SetAction((arguments, cancellationToken) =>
            RunAsync(arguments.GetValue(name), arguments.GetValue(json), arguments.InvocationConfiguration.Output, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string? name, bool json, TextWriter output, CancellationToken cancellationToken)
    {
        var found = new List<InstanceStatus>();
        foreach (var each in name is null ? InstanceDirectory.List() : [name])
        {
            using var client = new ControlClient(each);
            try { found.Add(await client.GetStatusAsync(cancellationToken)); }
            catch (ControlException failure) when (name is null && failure.Failure == ControlFailure.NotRunning)
            {
                // The front end has ended since the list was made.
            }
        }
        if (json) await output.WriteLineAsync(JsonSerializer.Serialize(found, StatusJson.Default.ListInstanceStatus));
        else if (found.Count == 0) await output.WriteLineAsync("no front end runs; daemonproxy serve starts one");
        else
        {
            var width = TerminalWidth.Of(output);
            await output.WriteAsync(name is null ? $"{Table(found).Fit(width, "configuration", "requests")}" : Detail(found[0], width));
        }
        return DaemonProxyCommand.Ok;
    }

    internal static TextTable Table(IReadOnlyList<InstanceStatus> found)
    {
        var table = new TextTable(
            ("name", false), ("process", true), ("state", false), ("requests", true), ("address", false), ("configuration", false));
        foreach (var status in found)
        {
            table.Add(status.Name, $"{status.ProcessId}", $"{status.State}", $"{status.Requests}", string.Join(", ", status.Uris),
                Configuration(status));
        }
        return table;
    }

    /// <summary>A front end with its groups and routes; what it does not have is left out.</summary>
    internal static string Detail(InstanceStatus status, int width)
    {
        var daemons = new TextTable(
            ("daemon", false), ("state", false), ("processes", false), ("restarts", true), ("active", true), ("waiting", true),
            ("flush policy", false));
        foreach (var daemon in status.Daemons)
        {
            var policy = daemon.FlushPolicy;
            var deadline = policy.FlushDeadline > TimeSpan.Zero ? $", deadline {Units.FormatDuration(policy.FlushDeadline)}" : "";
            daemons.Add(daemon.Daemon, $"{daemon.State}", daemon.Address ?? string.Join(", ", daemon.ProcessId), $"{daemon.Restarts}",
                $"{daemon.ActiveRequests}", $"{daemon.WaitingRequests}",
                    $"{policy.ShownDelay} / {Units.FormatSize(policy.BufferSize)}{deadline}");
        }
        var routes = new TextTable(("route", false), ("goes to", false), ("rate limit", true));
        foreach (var route in status.Routes)
            routes.Add(route.Route, route.Daemon ?? route.Application!, RateLimitText.From(route));
        var text = new StringBuilder()
            // The configuration has a line of its own.
            .Append(Table([status]).Fit(0, "configuration").Fit(width, "requests")).AppendLine()
            .Append(daemons.Fit(width, "restarts", "waiting", "active")).AppendLine()
            .Append(routes).AppendLine();
        foreach (var limit in status.RateLimits.Concat(status.UploadRateLimits).Where(limit => limit.Rate > 0))
            Line("every route", LimitText.From(limit));
        Line("configuration", Configuration(status));
        Line("certificate", status.Certificate is { } certificate ? Text(certificate) : null);
        Line("fleet", status.Fleet?.ToString());
        Line("restrict-embedded", status.RestrictEmbedded switch { true => "on", false => "off", null => null });
        Line("event log", status.EventLog ?? "the terminal");
        Line("replaced, still finishing", status.Replaced.Count == 0
            ? null : string.Join(", ", status.Replaced.Select(process => $"process {process}")));
        foreach (var warning in status.Warnings) Line("warning", warning);
        return text.ToString();

        void Line(string what, string? value)
        {
            if (value is not null) text.AppendLine(CultureInfo.InvariantCulture, $"{what}: {value}");
        }
    }

    private static string Configuration(InstanceStatus status) => status.ConfigurationFile
        ?? (status.Daemons.Select(daemon => daemon.Application).FirstOrDefault() is { } application
            ? $"(application {application})" : "(built-in sample)");

    private static string Text(CertificateStatus certificate) => string.Create(
        CultureInfo.InvariantCulture,
        $"{certificate.File}, {certificate.DaysLeft} days left, for "
            + $"{string.Join(", ", certificate.Names.DefaultIfEmpty(certificate.Subject))}");
}
