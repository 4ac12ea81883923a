using System.Management.Automation;
using DaemonProxy.Configuration;

namespace DaemonProxy.Cmdlets;

/// <summary>Checks configuration files: an object for each mistake, nothing for a file without any; with <c>-Quiet</c>, whether there is none.</summary>
[Cmdlet(VerbsDiagnostic.Test, "DaemonProxyConfiguration")]
[OutputType(typeof(ConfigurationMistake), typeof(bool))]
public sealed class TestDaemonProxyConfigurationCommand : DaemonProxyCommand
{
    /// <summary>The files.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "FullName", "ConfigurationPath")]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Return true or false for each file, instead of its mistakes.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var path in Path)
        {
            var errors = Errors(FullPath(path));
            if (Quiet)
                WriteObject(errors.Count == 0);
            else
                WriteObject(errors.Select(error => new ConfigurationMistake(error)), enumerateCollection: true);
        }
    }

    private static IReadOnlyList<ConfigurationError> Errors(string file)
    {
        try
        {
            ConfigurationFile.Load(file);
            return [];
        }
        catch (ConfigurationException mistakes)
        {
            return mistakes.Errors;
        }
    }
}
