using System.CommandLine;
using System.CommandLine.Parsing;

namespace DaemonProxy.Host.CommandLine;

/// <summary>What the words of a command line mean together, beyond what the parser knows of each.</summary>
internal static class UsageRule
{
    /// <summary>Adds a verb's rule about several of its options; it asks for their values and adds errors.</summary>
    public static void AddRule(this Command command, Action<CommandResult> rule) => command.Validators.Add(result =>
    {
        try { rule(result); }
        catch (InvalidOperationException)
        {
            // The parser looks at the verb before its options. One with a missing or unreadable value throws here, and is refused by the
            // parser itself a moment later.
        }
    });

    /// <summary>
    /// Has every verb refuse what looks like an option and is none of its own; it would be taken for a file or a name that is not there.
    /// </summary>
    public static void RefuseUnknownOptions(Command command)
    {
        command.Validators.Add(result =>
        {
            foreach (var word in result.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens)
                .Select(token => token.Value))
            {
                if (word.StartsWith('-')) result.AddError($"{command.Name} has no option {word} (a file of that name is ./{word})");
            }
        });
        foreach (var verb in command.Subcommands) RefuseUnknownOptions(verb);
    }
}
