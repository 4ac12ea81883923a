using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Writes a configuration object to a file. Everything that has not been changed stays as it was in the original file, including comments,
/// blank lines and order.
/// </summary>
[Cmdlet(VerbsData.Export, "DaemonProxyConfiguration", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(DaemonProxyConfiguration))]
public sealed class ExportDaemonProxyConfigurationCommand : ConfigurationCommand
{
    /// <summary>The file. Default: the file that the configuration was read from.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>The configuration.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true)]
    [ValidateNotNull]
    public DaemonProxyConfiguration InputObject { get; set; } = null!;

    /// <summary>Replace an existing file, even one that somebody has changed since it was read.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Return the configuration, which is now associated with the file.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if ((Path is null ? InputObject.File : FullPath(Path)) is not { } file)
        {
            WriteError($"the configuration '{InputObject}' was read from no file; say with -Path where to write it", "NoPath",
                ErrorCategory.InvalidArgument, InputObject);
            return;
        }

        if (ShouldProcess($"'{file}'", $"Write configuration '{InputObject}'") && Save(InputObject, file, Force) && PassThru)
            WriteObject(InputObject);
    }
}
