using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>A cmdlet that has running front ends read their configuration again and start daemons, and waits until these serve.</summary>
public abstract class RenewalCommand : InstanceChangeCommand
{
    /// <summary>Renews each of the front ends that were named and that the user agrees to.</summary>
    /// <param name="verb">What the cmdlet does: <c>restart</c>.</param>
    /// <param name="action">What it does, to the user who is asked.</param>
    /// <param name="activity">What it is doing, before the name: <c>Restarting</c>.</param>
    /// <param name="patience">How long the answer may take.</param>
    /// <param name="ask">Asks the front end.</param>
    /// <param name="passThru">Whether the front ends are returned.</param>
    /// <param name="warns">Whether their warnings are repeated.</param>
    private protected void Renew(
        string verb, string action, string activity, TimeSpan patience,
        Func<ControlClient, CancellationToken, Task<InstanceStatus>> ask, bool passThru, bool warns)
    {
        foreach (var name in Names(verb))
        {
            if (!ShouldProcess($"'{name}'", action))
                continue;
            if (Ask(name, activity, patience, ask) is not { } status)
                continue;
            if (warns)
                WriteWarnings(status);
            if (passThru)
                WriteObject(status);
        }
    }

    private InstanceStatus? Ask(
        string name, string activity, TimeSpan patience, Func<ControlClient, CancellationToken, Task<InstanceStatus>> ask)
    {
        try
        {
            return Wait($"{activity} '{name}'", async stop =>
            {
                using var client = new ControlClient(name) { Timeout = patience };
                return await ask(client, stop).ConfigureAwait(false);
            });
        }
        catch (ControlException error)
        {
            WriteControlError(error, FrontEndOrName(name, error.Failure));
            return null;
        }
    }
}
