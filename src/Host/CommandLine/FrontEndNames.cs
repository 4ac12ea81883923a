using System.CommandLine;
using System.CommandLine.Completions;
using DaemonProxy.Configuration;
using DaemonProxy.Control;

namespace DaemonProxy.Host.CommandLine;

/// <summary>How a verb is given the name of a front end, and the names that a shell completes.</summary>
internal static class FrontEndNames
{
    /// <summary>Creates the argument of a verb that means one front end; without it, the front end of the default name.</summary>
    public static Argument<string> CreateArgument()
    {
        var name = new Argument<string>("NAME")
        {
            Description = "The front end's name.",
            HelpName = "NAME",
            DefaultValueFactory = _ => ProxyConfiguration.DefaultName,
        };
        name.CompletionSources.Add(Complete);
        return name;
    }

    /// <summary>Returns the running front ends as a completion source.</summary>
    public static IEnumerable<CompletionItem> Complete(CompletionContext context)
    {
        try { return [.. InstanceDirectory.List().Select(name => new CompletionItem(name))]; }
        // Completion is no place for a message; the command itself reports the failure when it is run.
        catch (ControlException) { return []; }
    }
}
