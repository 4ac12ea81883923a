using System.CommandLine;
using DaemonProxy.Configuration;

namespace DaemonProxy.Host.CommandLine;

/// <summary><c>--start-timeout TIME</c> of the verbs that start daemons.</summary>
internal static class StartTimeout
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    /// <summary>Adds the option to a verb.</summary>
    public static Option<string?> AddTo(Command command)
    {
        var option = new Option<string?>("--start-timeout")
        {
            Description = "How long the daemons may take to serve. Default: each group's startup-timeout, or 30s for a group without one.",
            HelpName = "TIME",
        };
        command.Options.Add(option);
        command.AddRule(parsed =>
        {
            if (parsed.GetValue(option) is not { } text) return;
            if (!Units.TryParseDuration(text, Second, out var time))
                parsed.AddError($"--start-timeout: '{text}' is no time; write for example 60s, 2m, or a number of seconds.");
            else if (time <= TimeSpan.Zero || time > Longest)
                parsed.AddError($"--start-timeout: '{text}' is out of range; it takes more than 0, up to {Units.FormatDuration(Longest)}");
        });
        return option;
    }

    /// <summary>The limit; null: none was given.</summary>
    public static TimeSpan? Value(ParseResult arguments, Option<string?> option) =>
        Units.TryParseDuration(arguments.GetValue(option) ?? "", Second, out var time) ? time : null;
}
