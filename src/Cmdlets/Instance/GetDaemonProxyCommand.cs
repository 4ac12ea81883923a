using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>Finds the front ends of this user that run, whichever console started them.</summary>
[Cmdlet(VerbsCommon.Get, "DaemonProxy")]
[OutputType(typeof(DaemonProxyInfo), typeof(OptionInfo))]
public sealed class GetDaemonProxyCommand : InstanceCommand
{
    /// <summary>The front ends; wildcards are allowed. Without it, all.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceNameCompleter))]
    public string[]? Name { get; set; }

    /// <summary>Show the options in force for each daemon group instead, and which of them are the defaults.</summary>
    [Parameter]
    public SwitchParameter Detail { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in NamesOf(Name))
        {
            if (Detail)
            {
                var groups = Ask(name, $"Asking '{name}' for its options", (client, stopping) => client.GetOptionsAsync(stopping)) ?? [];
                WriteObject(groups.SelectMany(group => group.Options.Select(option => new OptionInfo(name, group.Daemon, option))), enumerateCollection: true);
                continue;
            }
            if (StatusOf(name) is { } status)
                WriteObject(new DaemonProxyInfo(status));
        }
    }
}
