using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Embedded;
using DaemonProxy.Fleet;
using DaemonProxy.Host.Fleet;

namespace DaemonProxy.Host.CommandLine;

/// <summary><c>daemonproxy check FILE</c>: reports every mistake in a configuration, or what it would serve.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "The configuration file." };
        var json = JsonOption.Create();
        var connect = new Option<bool>("--connect") { Description = "Also try the Redis server of 'fleet:'." };
        var command = new Command(
            "check", "Check a configuration file: every mistake with its line and column, or what it would serve.")
        {
            file, json, connect,
        };
        command.SetAction(async (arguments, _) =>
        {
            var streams = arguments.InvocationConfiguration;
            var (exit, configuration) = Run(arguments.GetRequiredValue(file), arguments.GetValue(json), streams);
            return configuration?.Fleet is { } fleet && arguments.GetValue(connect)
                ? await ConnectAsync(fleet, arguments.GetValue(json), streams) : exit;
        });
        return command;
    }

    private static (int Exit, ProxyConfiguration? Configuration) Run(string file, bool json, InvocationConfiguration streams)
    {
        try
        {
            var configuration = DeploymentCheck.Load(file);
            foreach (var warning in GroupWarnings.From(configuration)) streams.Error.WriteLine($"warning: {warning.Message}");
            foreach (var warning in FleetWarnings.From(configuration)) streams.Error.WriteLine($"warning: {warning}");
            streams.Output.Write(json ? CheckReport.Text([]) : Summary(configuration));
            return (DaemonProxyCommand.Ok, configuration);
        }
        catch (ConfigurationException failure)
        {
            if (json) streams.Output.Write(CheckReport.Text(failure.Errors));
            // Like a compiler: nothing precedes the location, so that editors find it.
            else foreach (var mistake in failure.Errors) streams.Error.WriteLine(mistake);
            return (DaemonProxyCommand.Failed, null);
        }
    }

    private static async Task<int> ConnectAsync(FleetOptions fleet, bool json, InvocationConfiguration streams)
    {
        try
        {
            await FleetMembership.TryServerAsync(fleet);
            if (!json) await streams.Output.WriteLineAsync($"fleet: {fleet.Redis} can be used");
            return DaemonProxyCommand.Ok;
        }
        catch (FleetServerException failure)
        {
            await streams.Error.WriteLineAsync($"fleet: {failure.Message}");
            return DaemonProxyCommand.Failed;
        }
    }

    private static string Summary(ProxyConfiguration configuration)
    {
        var lines = new List<string> { $"'{configuration.Name}' would listen on {string.Join(", ", configuration.Listen)}" };
        foreach (var route in configuration.Routes)
        {
            var target = route.Daemon is { } daemon ? $"daemon group '{daemon}'" : $"embedded application {route.Application}";
            var limits = route.AllRateLimits.Concat(route.AllUploadRateLimits).Where(limit => limit.RateLimit > 0);
            lines.Add($"  {route.Path,-20} {target}{string.Concat(limits.Select(limit => $", {LimitText.From(limit)}"))}");
        }
        lines.AddRange(
            configuration.RateLimits.Where(limit => limit.RateLimit > 0).Select(limit => $"  {"every route",-20} {LimitText.From(limit)}"));
        return string.Join(Environment.NewLine, lines) + Environment.NewLine;
    }
}

/// <summary>The output of <c>check --json</c>.</summary>
/// <param name="Valid">Whether the configuration is free of mistakes.</param>
/// <param name="Errors">The mistakes in the order of their location in the file.</param>
internal sealed record CheckReport(bool Valid, IReadOnlyList<ConfigurationError> Errors)
{
    /// <summary>The report as JSON, with a line end.</summary>
    public static string Text(IReadOnlyList<ConfigurationError> errors) =>
        JsonSerializer.Serialize(new CheckReport(errors.Count == 0, errors), CheckJson.Default.CheckReport) + Environment.NewLine;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(CheckReport))]
internal sealed partial class CheckJson : JsonSerializerContext;
