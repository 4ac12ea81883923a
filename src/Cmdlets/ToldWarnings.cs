using System.Collections;
using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// The warnings of configuration files that <c>Test-DaemonProxyConfiguration</c> has shown in this session, so that a
/// <c>Restart-DaemonProxy</c> after it does not say them again.
/// </summary>
internal sealed class ToldWarnings
{
    // Kept with the module, and so with the session: PowerShell has an object of a module for each.
    private const string Place = "ToldWarnings";

    private readonly HashSet<(string File, string Warning)> _told = [];

    /// <summary>Returns those of the session that a cmdlet runs in.</summary>
    /// <param name="cmdlet">The cmdlet. Without a module, nothing is remembered.</param>
    public static ToldWarnings From(PSCmdlet cmdlet)
    {
        if (cmdlet.MyInvocation.MyCommand.Module?.PrivateData is not IDictionary session) return new();
        if (session[Place] is ToldWarnings known) return known;
        var told = new ToldWarnings();
        session[Place] = told;
        return told;
    }

    /// <summary>Remembers a warning.</summary>
    /// <param name="file">Full path of the configuration.</param>
    /// <param name="warning">The sentence.</param>
    public void Add(string file, string warning) => _told.Add((file, warning));

    /// <summary>Forgets a warning: a check speaks for the restart after it, and not for those of the days that follow.</summary>
    /// <inheritdoc cref="Add"/>
    /// <returns>Whether it has been shown.</returns>
    public bool Remove(string file, string warning) => _told.Remove((file, warning));
}
