using System.CommandLine;
using System.CommandLine.Completions;
using DaemonProxy.Events;

namespace DaemonProxy.Host.CommandLine;

/// <summary><c>daemonproxy explain [CODE]</c>: explains what an event means and what to do about it.</summary>
internal static class ExplainCommand
{
    public static Command Create()
    {
        var code = new Argument<string?>("CODE")
        {
            Description = "An event's code, such as WSGI0210; without it the whole catalogue, as Markdown.",
            HelpName = "CODE",
            Arity = ArgumentArity.ZeroOrOne,
        };
        code.CompletionSources.Add(_ => EventCatalogue.All.Select(definition => new CompletionItem(definition.Code)));
        var command = new Command("explain", "Say what an event means and what to do about it.") { code };
        command.AddRule(result =>
        {
            if (result.GetValue(code) is { } wanted && EventCatalogue.Find(wanted) is null)
                result.AddError($"there is no event '{wanted}'; daemonproxy explain lists all of them");
        });
        command.SetAction(async (arguments, _) =>
        {
            var output = arguments.InvocationConfiguration.Output;
            if (arguments.GetValue(code) is { } wanted && EventCatalogue.Find(wanted) is { } found)
            {
                await output.WriteLineAsync(
                    $"{found.Code}  {found.Title} ({found.Severity}{(found.Status > 0 ? $", status {found.Status}" : "")})");
                await output.WriteLineAsync($"Cause:       {found.Cause}\nOutcome:     {found.Outcome}\nWhat to do:  {found.Action}");
            }
            else await output.WriteAsync(ErrorReference.Markdown());
            return DaemonProxyCommand.Ok;
        });
        return command;
    }
}
