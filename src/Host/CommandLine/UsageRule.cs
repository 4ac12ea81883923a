using System.CommandLine;
using System.CommandLine.Parsing;

namespace DaemonProxy.Host.CommandLine;

/// <summary>Rules about combinations of command-line words, which the parser does not know.</summary>
internal static class UsageRule
{
    // The argument that names a file; others name a front end or an event code.
    private const string File = "FILE";

    /// <summary>Adds a verb's rule about several of its options; the rule reads their values and adds errors.</summary>
    public static void AddRule(this Command command, Action<CommandResult> rule) => command.Validators.Add(result =>
    {
        try { rule(result); }
        catch (InvalidOperationException)
        {
            // The parser checks the verb before its options. An option with a missing or unreadable value throws here, and the parser
            // itself refuses it a moment later.
        }
    });

    /// <summary>
    /// Makes every verb refuse unknown words that look like options, which would otherwise be taken for the name of a missing file or front
    /// end.
    /// </summary>
    public static void RefuseUnknownOptions(Command command)
    {
        command.Validators.Add(result =>
        {
            foreach (var argument in result.Children.OfType<ArgumentResult>())
                foreach (var word in argument.Tokens.Select(token => token.Value).Where(word => word.StartsWith('-')))
                    result.AddError($"{command.Name} has no option {word}"
                        + (argument.Argument.Name == File ? $" (a file of that name is ./{word})" : ""));
        });
        foreach (var verb in command.Subcommands) RefuseUnknownOptions(verb);
    }
}
