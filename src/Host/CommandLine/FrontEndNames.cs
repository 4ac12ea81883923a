using System.CommandLine.Completions;
using DaemonProxy.Control;

namespace DaemonProxy.Host.CommandLine;

/// <summary>The names of this user's front ends, for shell completion.</summary>
internal static class FrontEndNames
{
    /// <summary>Returns the running front ends as a completion source.</summary>
    public static IEnumerable<CompletionItem> Complete(CompletionContext context)
    {
        try { return [.. InstanceDirectory.List().Select(name => new CompletionItem(name))]; }
        // Completion is no place for a message; the command itself reports the failure when it is run.
        catch (ControlException) { return []; }
    }
}
