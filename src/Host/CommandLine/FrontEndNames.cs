using System.CommandLine;
using System.CommandLine.Completions;
using DaemonProxy.Configuration;
using DaemonProxy.Control;

namespace DaemonProxy.Host.CommandLine;

/// <summary>How a verb is given the name of a front end, and the names that a shell completes.</summary>
internal static class FrontEndNames
{
    private const string Name = "NAME";

    /// <summary>Creates the argument of a verb that means one front end; without it, the front end of the default name.</summary>
    public static Argument<string> CreateArgument()
    {
        var name = new Argument<string>(Name)
        {
            Description = "The front end's name; without it, the one named default.",
            HelpName = "NAME",
            DefaultValueFactory = _ => ProxyConfiguration.DefaultName,
        };
        name.CompletionSources.Add(Complete);
        return name;
    }

    /// <summary>
    /// What to say instead of a failure when a verb was given no name, and the front end of the default name does not run while others do;
    /// null: the failure says it.
    /// </summary>
    public static string? WithoutName(ParseResult parsed, Exception failure)
    {
        if (!LacksName(parsed, failure)) return null;
        try { return WithoutName(string.Join(' ', DaemonProxyCommand.Words(parsed)), InstanceDirectory.List()); }
        catch (ControlException) { return null; }
    }

    /// <summary>Whether a failure is that of a verb that was given no name.</summary>
    internal static bool LacksName(ParseResult parsed, Exception failure) =>
        failure is ControlException { Failure: ControlFailure.NotRunning }
        && parsed.CommandResult.Command.Arguments.FirstOrDefault(argument => argument.Name == Name) is Argument<string> argument
        && parsed.GetResult(argument) is not { Tokens.Count: > 0 };

    internal static string? WithoutName(string verb, IReadOnlyList<string> running) => running switch
    {
        [] => null,
        [var only] => $"no NAME was given, and no front end '{ProxyConfiguration.DefaultName}' is running; '{only}' is: "
            + $"daemonproxy {verb} {only}",
        _ => $"no NAME was given, and no front end '{ProxyConfiguration.DefaultName}' is running; running now: "
            + $"{string.Join(", ", running)}; give one of them: daemonproxy {verb} NAME",
    };

    /// <summary>Returns the running front ends as a completion source.</summary>
    public static IEnumerable<CompletionItem> Complete(CompletionContext context)
    {
        try { return [.. InstanceDirectory.List().Select(name => new CompletionItem(name))]; }
        // Completion is no place for a message; the command itself reports the failure when it is run.
        catch (ControlException) { return []; }
    }
}
