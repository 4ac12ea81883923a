using System.Management.Automation;
using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Editing;
using DaemonProxy.Embedded;
using DaemonProxy.Fleet;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Checks configurations. Returns true for a configuration without mistakes; otherwise returns false and shows each mistake as a warning.
/// With <c>-Detailed</c>, returns an object for each mistake instead.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "DaemonProxyConfiguration", DefaultParameterSetName = ByObject)]
[OutputType(typeof(bool), typeof(ConfigurationMistake))]
public sealed class TestDaemonProxyConfigurationCommand : ConfigurationCommand
{
    private const string ByPath = "Path";

    // This is the default set, because PowerShell would rather convert an object to a path than try another set.
    private const string ByObject = "InputObject";

    /// <summary>The files.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = ByPath)]
    [Alias("PSPath", "FullName", "ConfigurationPath")]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>
    /// A configuration object from <c>New-DaemonProxyConfiguration</c> or <c>Import-DaemonProxyConfiguration</c>. Lines and columns refer
    /// to the text that its <c>ToYaml()</c> returns.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByObject)]
    [ValidateNotNull]
    public DaemonProxyConfiguration? InputObject { get; set; }

    /// <summary>Return an object for each mistake instead of true or false; nothing for a configuration without mistakes.</summary>
    [Parameter]
    public SwitchParameter Detailed { get; set; }

    /// <summary>Do not show the mistakes.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (InputObject is { } configuration)
        {
            Report(() => configuration.Document.Check(
                configuration.File ?? Unwritten, configuration.File is { } file ? System.IO.Path.GetDirectoryName(file)! : CurrentFolder));
            return;
        }

        foreach (var path in Path)
            Report(() => Check(FullPath(path)));
    }

    private void Check(string path)
    {
        var loaded = DeploymentCheck.Load(path);
        var told = ToldWarnings.From(this);
        var isShown = ShowsWarnings;
        foreach (var warning in GroupWarnings.From(loaded).Select(warning => warning.Message).Concat(FleetWarnings.From(loaded)))
        {
            WriteWarning(warning);
            if (isShown) told.Add(loaded.File!, warning);
        }
    }

    /// <summary>Whether the user sees warnings: what nobody has seen is said again by a cmdlet that starts or restarts.</summary>
    private bool ShowsWarnings
    {
        get
        {
            var preference = MyInvocation.BoundParameters.TryGetValue("WarningAction", out var given)
                ? given : SessionState.PSVariable.GetValue("WarningPreference");
            return !LanguagePrimitives.TryConvertTo<ActionPreference>(preference, out var action)
                || action is not (ActionPreference.SilentlyContinue or ActionPreference.Ignore);
        }
    }

    private void Report(Action check)
    {
        IReadOnlyList<ConfigurationError> errors = [];
        try
        {
            check();
        }
        catch (ConfigurationException mistakes)
        {
            errors = mistakes.Errors;
        }
        catch (ConfigurationSaveException error)
        {
            WriteSaveError(error, InputObject!);
            if (!Detailed)
                WriteObject(false);
            return;
        }

        if (Detailed)
        {
            WriteObject(errors.Select(error => new ConfigurationMistake(error)), enumerateCollection: true);
            return;
        }

        // Warnings rather than errors: under $ErrorActionPreference = 'Stop', an error would end the script before its `if` has the answer.
        foreach (var mistake in Quiet ? [] : errors)
            WriteWarning(mistake.ToString());
        WriteObject(errors.Count == 0);
    }
}
