using System.Management.Automation;
using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>A cmdlet that talks to running front ends.</summary>
public abstract class InstanceCommand : DaemonProxyCommand
{
    // An error is not worth a long wait for its target.
    private static readonly TimeSpan TargetLimit = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The names that a <c>-Name</c> parameter selects: all without the parameter, the matches of a wildcard, and any other name unchanged,
    /// so that a status request for it reports that it is not running. Case does not matter.
    /// </summary>
    private protected IReadOnlyList<string> NamesOf(string[]? patterns) => Running() is not { } running ? []
        : patterns is null ? running
        : [.. patterns.SelectMany(pattern => Matching(pattern, running)).Distinct()];

    /// <summary>The names of all running front ends; null after an error.</summary>
    private IReadOnlyList<string>? Running()
    {
        try
        {
            return InstanceDirectory.List();
        }
        catch (ControlException error)
        {
            WriteControlError(error, null);
            return null;
        }
    }

    /// <summary>The one front end that a cmdlet needs: the one named, or the only one running; null after an error.</summary>
    private protected string? NameOfOne(string? name)
    {
        // That nothing is known is not that nothing is running.
        if (Running() is not { } all)
            return null;
        var running = name is null ? all : [.. Matching(name, all)];
        if (running.Count == 1)
            return running[0];
        if (running.Count == 0)
            WriteError($"no front end{(name is null ? "" : $" like '{name}'")} is running; start one with Start-DaemonProxy",
                "InstanceNotFound", ErrorCategory.ObjectNotFound, name);
        else
            WriteError($"several front ends are running ({string.Join(", ", running)}); say which one with -Name", "InstanceAmbiguous",
                ErrorCategory.InvalidArgument, running);
        return null;
    }

    /// <summary>Sends a request to a front end; if that fails, writes the reason as an error and returns null.</summary>
    private protected T? Ask<T>(string name, string activity, Func<ControlClient, CancellationToken, Task<T>> request)
        where T : class
    {
        WriteDebug($"{activity}, through the control socket of '{name}'");
        try
        {
            return Wait(activity, async stopping =>
            {
                using var client = new ControlClient(name);
                return await request(client, stopping).ConfigureAwait(false);
            });
        }
        catch (ControlException error)
        {
            WriteControlError(error, FrontEndOrName(name, error.Failure));
            return null;
        }
    }

    /// <summary>
    /// The target of an error: the front end that refused, was in the way or took too long, or its name if it does not answer.
    /// </summary>
    private protected object FrontEndOrName(string name, ControlFailure failure)
    {
        if (failure is not (ControlFailure.Refused or ControlFailure.NotFound or ControlFailure.TimedOut or ControlFailure.AlreadyRunning))
            return name;
        try
        {
            return Wait<InstanceStatus>($"Asking '{name}' for its status", async stopping =>
            {
                using var client = new ControlClient(name) { Timeout = TargetLimit };
                return await client.GetStatusAsync(stopping).ConfigureAwait(false);
            });
        }
        catch (ControlException)
        {
            return name;
        }
    }

    private protected InstanceStatus? StatusOf(string name) =>
        Ask(name, $"Asking '{name}' for its status", (client, stopping) => client.GetStatusAsync(stopping));

    /// <summary>The known names that a parameter selects; writes an error for each name that is not known.</summary>
    private protected IReadOnlyList<string> Choose(string[]? patterns, IReadOnlyList<string> known, string kind, string errorId)
    {
        if (patterns is null)
            return known;
        var chosen = new List<string>();
        foreach (var pattern in patterns)
        {
            var matching = Matching(pattern, known).Where(known.Contains).ToList();
            if (matching.Count == 0 && !WildcardPattern.ContainsWildcardCharacters(pattern))
                WriteError($"there is no {kind} '{pattern}'; there "
                    + $"{(known.Count == 0 ? "is none at all" : $"is {string.Join(", ", known)}")}",
                    errorId, ErrorCategory.ObjectNotFound, pattern);
            chosen.AddRange(matching.Except(chosen));
        }

        return chosen;
    }

    /// <summary>The known names that a pattern selects; a name without a wildcard is returned even if it is not known.</summary>
    private protected static IEnumerable<string> Matching(string pattern, IReadOnlyList<string> known)
    {
        if (known.Contains(pattern, StringComparer.Ordinal))
            return [pattern];
        if (WildcardPattern.ContainsWildcardCharacters(pattern))
        {
            var wildcard = WildcardPattern.Get(pattern, WildcardOptions.IgnoreCase);
            return known.Where(wildcard.IsMatch);
        }

        return [known.FirstOrDefault(name => name.Equals(pattern, StringComparison.OrdinalIgnoreCase)) ?? pattern];
    }
}
