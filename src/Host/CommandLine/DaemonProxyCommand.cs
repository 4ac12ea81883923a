using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Embedded;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Host.CommandLine;

/// <summary>
/// The command line <c>daemonproxy VERB</c> and the behaviour that all verbs share: exit codes, and errors as one sentence.
/// </summary>
internal static class DaemonProxyCommand
{
    /// <summary>Success, or a check that passed.</summary>
    public const int Ok = 0;

    /// <summary>Failure, or a check that did not pass; standard error gives the reason.</summary>
    public const int Failed = 1;

    /// <summary>The command line was not understood; standard error says which part.</summary>
    public const int WrongUsage = 2;

    /// <summary>A measurement without a verdict: the machine was too busy; the output says so.</summary>
    public const int NotMeasurable = 3;

    /// <summary>Runs one command line.</summary>
    /// <returns><see cref="Ok"/>, <see cref="Failed"/>, <see cref="WrongUsage"/> or <see cref="NotMeasurable"/>.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output, TextWriter error)
    {
        var parsed = Create().Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (var mistake in parsed.Errors)
                Complain(error, Sentence(mistake));
            Complain(error, $"{string.Join(' ', ["daemonproxy", .. Words(parsed)])} --help shows what it takes");
            return WrongUsage;
        }

        var invocation = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            // Failures are reported here. Signals are left to the verbs, which drain first.
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        try
        {
            return await parsed.InvokeAsync(invocation);
        }
        catch (Exception e) when (e is ServerStartException or ControlException or VerificationException or PythonException)
        {
            Complain(error, FrontEndNames.WithoutName(parsed, e) ?? e.Message);
        }
        catch (ConfigurationException e)
        {
            foreach (var mistake in e.Errors)
                Complain(error, mistake.ToString());
        }
        catch (Exception e)
        {
            // The person who reads this cannot use a stack trace; the type helps whoever receives the report.
            Complain(error, $"this should not have happened, please report it: {e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}");
        }

        return Failed;
    }

    /// <summary>Writes an error in the common format.</summary>
    public static void Complain(TextWriter error, string sentence) => error.WriteLine($"daemonproxy: {sentence}");

    /// <summary>The whole command line, with every verb.</summary>
    public static RootCommand Create()
    {
        var root = new RootCommand("An HTTP front end for application daemons, with mod_wsgi's flush policy and exact rate limits.");
        root.Subcommands.Add(ServeCommand.Create());
        root.Subcommands.Add(CheckCommand.Create());
        root.Subcommands.Add(StatusCommand.Create());
        root.Subcommands.Add(RestartCommand.Create());
        root.Subcommands.Add(UpdateCommand.Create());
        root.Subcommands.Add(StopCommand.Create());
        root.Subcommands.Add(AdviseCommand.Create());
        root.Subcommands.Add(ExplainCommand.Create());
        root.Subcommands.Add(VerifyCommand.Create());
        root.Subcommands.Add(DaemonCommand.Create());
        root.Subcommands.Add(ManualCommand.Create());
        root.Options.Clear();
        root.Options.Add(new HelpOption { Description = "Show what a verb takes, with examples.", Action = new HelpPage() });
        root.Options.Add(
            new VersionOption
            {
                Description = "Show the version, whether the program is native, and its platform.",
                Action = new ProgramVersion()
            });
        UsageRule.RefuseUnknownOptions(root);
        return root;
    }

    // The parser's own message for an invalid number names a .NET type.
    private static string Sentence(ParseError mistake) =>
        mistake.SymbolResult is OptionResult { Tokens: [{ Value: var word }, ..], Option: { ValueType.IsValueType: true } option }
            && mistake.Message.Contains("System.", StringComparison.Ordinal)
            ? $"{option.Name}: '{word}' is no whole number; write for example {option.Name} 4"
            : mistake.Message;

    /// <summary>The words that select a verb: <c>verify</c> and <c>flush</c>; none for the program as a whole.</summary>
    public static IReadOnlyList<string> Words(ParseResult parsed)
    {
        var words = new List<string>();
        for (SymbolResult? result = parsed.CommandResult; result is CommandResult
        {
            Command: not RootCommand
            and var command
        }; result = result.Parent) words.Insert(0, command.Name);
        return words;
    }
}
