using System.Management.Automation;
using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>Shows the flush policies in force, and how many flushes each reason has caused.</summary>
[Cmdlet(VerbsCommon.Get, "FlushPolicy")]
[OutputType(typeof(FlushPolicyStatus))]
public sealed class GetFlushPolicyCommand : InstanceQueryCommand
{
    /// <summary>The daemon groups; wildcards are allowed. Default: all.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(DaemonNameCompleter))]
    public string[]? Daemon { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in NamesOf(Name))
        {
            if (StatusOf(name) is not { } status)
                continue;
            var chosen = Choose(
                Daemon, [.. status.Daemons.Select(daemon => daemon.Daemon)], $"daemon group of '{name}' named", "DaemonNotFound");
            foreach (var daemon in status.Daemons.Where(daemon => chosen.Contains(daemon.Daemon)))
                WriteObject(daemon.FlushPolicy);
        }
    }
}
