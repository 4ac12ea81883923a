using System.CommandLine;
using System.Globalization;

namespace DaemonProxy.Host.CommandLine;

/// <summary>
/// <c>daemonproxy manual</c>: prints the manual page, the source of docs/daemonproxy.1. Hidden, because people read the page and only a
/// build writes it.
/// </summary>
internal static class ManualCommand
{
    public static Command Create()
    {
        var date = new Option<string>("--date") { Description = "The page's date. Default: today.", HelpName = "YYYY-MM-DD" };
        var command = new Command("manual", "Write the manual page, as man(7) source.") { date };
        command.Hidden = true;
        command.AddRule(parsed =>
        {
            if (parsed.GetValue(date) is { } text
                && !DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
                parsed.AddError($"--date: '{text}' is no date; write for example 2026-11-26.");
        });
        command.SetAction(arguments =>
        {
            var day = arguments.GetValue(date) ?? TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            arguments.InvocationConfiguration.Output.Write(ManualPage.Text(day));
            return DaemonProxyCommand.Ok;
        });
        return command;
    }
}
