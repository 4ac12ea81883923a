using System.Management.Automation;
using System.Text;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Writes a Pester file that verifies a running front end: whether it serves, has its daemons ready, keeps its rate limits and logs no
/// errors.
/// </summary>
[Cmdlet(VerbsCommon.New, "DaemonProxyTest", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class NewDaemonProxyTestCommand : InstanceCommand
{
    private const string Template = "Verify.Tests.ps1";
    private const string DefaultName = "[string] $Name = 'default'";

    /// <summary>The front end. Default: the only one running.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(InstanceNameCompleter))]
    public string? Name { get; set; }

    /// <summary>The file to write. Default: NAME.Tests.ps1 in the current folder.</summary>
    [Parameter(Position = 1)]
    [Alias("Path", "FilePath")]
    [ValidateNotNullOrEmpty]
    public string? OutFile { get; set; }

    /// <summary>Replace an existing file.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (NameOfOne(Name) is not { } name || StatusOf(name) is not { } status)
            return;
        var file = FullPath(OutFile ?? $"{name}.Tests.ps1");
        if (File.Exists(file) && !Force)
        {
            WriteError($"{file} is there already; choose another file with -OutFile, or replace it with -Force", "FileExists",
                ErrorCategory.ResourceExists, file);
            return;
        }

        if (!ShouldProcess($"'{file}'", $"Write tests of front end '{status.Name}'"))
            return;
        try
        {
            var template = File.ReadAllText(Path.Combine(Path.GetDirectoryName(HostFolder)!, "..", Template));
            // A front end's name has no character that would end the string.
            File.WriteAllText(file, template.Replace(DefaultName, $"[string] $Name = '{status.Name}'", StringComparison.Ordinal),
                new UTF8Encoding(false));
            // With the properties that PowerShell shows of a file.
            WriteObject(InvokeProvider.Item.Get([file], force: false, literalPath: true), enumerateCollection: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            WriteError(new ErrorRecord(error, "FileNotWritable", ErrorCategory.WriteError, file));
        }
    }
}
