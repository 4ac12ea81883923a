using System.Management.Automation;
using DaemonProxy.Configuration;
using DaemonProxy.Editing;

namespace DaemonProxy.Cmdlets;

/// <summary>Reads configuration files as objects that can be changed and written back with their comments.</summary>
[Cmdlet(VerbsData.Import, "DaemonProxyConfiguration")]
[OutputType(typeof(DaemonProxyConfiguration))]
public sealed class ImportDaemonProxyConfigurationCommand : ConfigurationCommand
{
    /// <summary>The files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "FullName", "ConfigurationFile")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var file in Files(Path))
        {
            try
            {
                WriteObject(new DaemonProxyConfiguration(ConfigurationDocument.Load(file)));
            }
            catch (ConfigurationException mistakes)
            {
                WriteConfigurationErrors(mistakes);
            }
        }
    }
}
