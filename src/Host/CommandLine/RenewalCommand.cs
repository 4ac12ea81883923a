using System.CommandLine;
using System.Text.Json;
using DaemonProxy.Control;

namespace DaemonProxy.Host.CommandLine;

/// <summary>
/// A verb that has a running front end read its configuration again and start daemons, waits until these serve, and says so, or writes the
/// status as JSON.
/// </summary>
internal static class RenewalCommand
{
    /// <summary>Asks the front end.</summary>
    /// <param name="client">A client of the front end.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="within">How long the new daemons may take; null: as long as each group's own limit.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    public delegate Task<InstanceStatus> Asking(
        ControlClient client, ParseResult arguments, TimeSpan? within, CancellationToken cancellationToken);

    /// <summary>Creates the verb.</summary>
    /// <param name="verb">Its name.</param>
    /// <param name="description">What it does.</param>
    /// <param name="own">The options that it alone has.</param>
    /// <param name="ask">Asks the front end.</param>
    /// <param name="sentence">What it says when the front end has answered.</param>
    public static Command Create(
        string verb, string description, IReadOnlyList<Option> own, Asking ask, Func<InstanceStatus, ParseResult, string> sentence)
    {
        var name = FrontEndNames.CreateArgument();
        var json = JsonOption.Create();
        var command = new Command(verb, description) { name };
        foreach (var option in own) command.Options.Add(option);
        command.Options.Add(json);
        var startTimeout = StartTimeout.AddTo(command);
        command.SetAction(async (arguments, cancellationToken) =>
        {
            using var client = new ControlClient(arguments.GetValue(name)!) { Timeout = StartPatience.Longest };
            var status = await ask(client, arguments, StartTimeout.Value(arguments, startTimeout), cancellationToken);
            foreach (var warning in status.Warnings)
                await arguments.InvocationConfiguration.Error.WriteLineAsync($"warning: {warning}");
            await arguments.InvocationConfiguration.Output.WriteLineAsync(arguments.GetValue(json)
                ? JsonSerializer.Serialize(status, ControlJson.Default.InstanceStatus) : sentence(status, arguments));
            return DaemonProxyCommand.Ok;
        });
        return command;
    }
}
