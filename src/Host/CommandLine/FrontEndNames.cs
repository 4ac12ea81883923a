using System.CommandLine.Completions;
using DaemonProxy.Control;

namespace DaemonProxy.Host.CommandLine;

/// <summary>The names of this user's front ends, for a shell that completes one.</summary>
internal static class FrontEndNames
{
    /// <summary>Gives those that run, as a completion source.</summary>
    public static IEnumerable<CompletionItem> Complete(CompletionContext context)
    {
        try { return [.. InstanceDirectory.List().Select(name => new CompletionItem(name))]; }
        // No place for a message: whoever goes on to run the command gets it then.
        catch (ControlException) { return []; }
    }
}
