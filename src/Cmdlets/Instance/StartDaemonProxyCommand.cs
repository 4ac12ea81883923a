using System.Management.Automation;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Editing;

namespace DaemonProxy.Cmdlets;

/// <summary>Starts a front end in a process of its own, and returns when it serves.</summary>
[Cmdlet(VerbsLifecycle.Start, "DaemonProxy", SupportsShouldProcess = true, DefaultParameterSetName = ByFile)]
[OutputType(typeof(InstanceStatus))]
public sealed class StartDaemonProxyCommand : InstanceCommand
{
    private const string ByFile = "ConfigurationFile";
    private const string ByApplication = "Application";
    private const string ByObject = "InputObject";
    private const string SampleName = "the built-in sample application";

    private bool _named;

    /// <summary>The configuration file. Without one: the built-in sample application on a free loopback port.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = ByFile)]
    [Alias("Path", "PSPath", "FullName", "ConfigurationFile")]
    [ValidateNotNullOrEmpty]
    public string? ConfigurationPath { get; set; }

    /// <summary>
    /// A configuration object that is in a file as it is, of <c>Import-DaemonProxyConfiguration</c>, or written by
    /// <c>Export-DaemonProxyConfiguration</c>.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByObject)]
    [ValidateNotNull]
    public DaemonProxyConfiguration? InputObject { get; set; }

    /// <summary>
    /// A WSGI application instead of a configuration: a script's path, or <c>module:callable</c> from the current folder. It is served by
    /// daemon processes, on a free loopback port.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = ByApplication)]
    [ValidateNotNullOrEmpty]
    public string? Application { get; set; }

    /// <summary>Daemon processes of the application. Default 1.</summary>
    [Parameter(ParameterSetName = ByApplication)]
    [ValidateRange(1, 1024)]
    public int? Processes { get; set; }

    /// <summary>Requests that each process serves at a time. Default 15.</summary>
    [Parameter(ParameterSetName = ByApplication)]
    [ValidateRange(1, 1024)]
    public int? Threads { get; set; }

    /// <summary>
    /// The folder of a Python or of a virtual environment. Default: an active virtual environment, else <c>python3</c> on the PATH.
    /// </summary>
    [Parameter(ParameterSetName = ByApplication)]
    [ValidateNotNullOrEmpty]
    public string? PythonHome { get; set; }

    /// <summary>The name by which every console finds the front end, instead of the configuration's.</summary>
    // Not validated: a configuration object that comes through the pipeline has a property Name that may be null.
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? Name { get; set; }

    /// <summary>The addresses to listen on, instead of the configuration's: <c>http://127.0.0.1:8080</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? Listen { get; set; }

    /// <summary>The event log's file. Default: <c>events.log</c> in the instance's folder.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? LogPath { get; set; }

    /// <summary>
    /// Start although daemon groups cannot be started, as long as anything can be served; each is a warning. Without it the start fails
    /// with the first of them, for a deployment script wants to know.
    /// </summary>
    [Parameter]
    public SwitchParameter AllowFailedDaemon { get; set; }

    /// <summary>How long the front end and its daemons may take until they serve. Default 30 s.</summary>
    [Parameter]
    [Duration(InSeconds = true)]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    protected override void BeginProcessing() => _named = MyInvocation.BoundParameters.ContainsKey(nameof(Name));

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (InputObject is not null && !IsSaved(InputObject))
            return;
        var file = InputObject is not null ? InputObject.File : ConfigurationPath is null ? null : FullPath(ConfigurationPath);
        ProxyConfiguration configuration;
        try
        {
            configuration = file is null ? ProxyConfiguration.Sample : ConfigurationFile.Load(file);
        }
        catch (ConfigurationException mistakes)
        {
            WriteConfigurationErrors(mistakes);
            return;
        }

        var application = LaunchedApplication();
        // A file that comes through the pipeline has a property Name too: the file's, which is not meant.
        var given = !_named && file is not null && Name == Path.GetFileName(file) ? null : Name;
        var name = given ?? configuration.Name;
        try
        {
            if (InstanceDirectory.IsRunning(name))
            {
                ReturnRunning(name, configuration, application?.Target);
                return;
            }

            if (!ShouldProcess($"'{name}' with {file ?? application?.Target ?? SampleName}", "Start front end"))
                return;
            var options = new LaunchOptions
            {
                HostPath = HostProgram.Find(HostFolder),
                ConfigurationFile = file,
                Application = application,
                WorkingDirectory = SessionState.Path.CurrentFileSystemLocation.ProviderPath,
                Name = given,
                Listen = Listen ?? [],
                LogFile = LogPath is null ? null : FullPath(LogPath),
                Strict = !AllowFailedDaemon,
                Timeout = Timeout,
            };
            WriteVerbose($"starting {options.HostPath}");
            var status = Wait($"Starting '{name}'", stop => InstanceLauncher.StartAsync(options, stop));
            WriteWarnings(status);
            WriteObject(status);
        }
        catch (ControlException error)
        {
            WriteControlError(error, name);
        }
    }

    /// <summary>
    /// A front end reads its configuration again when it is restarted, so there has to be a file, and it has to say what is meant.
    /// </summary>
    private bool IsSaved(DaemonProxyConfiguration configuration)
    {
        try
        {
            if (configuration is { File: not null, Document.IsChanged: false })
                return true;
        }
        catch (ConfigurationSaveException)
        {
            // What cannot be written is not in the file.
        }

        WriteError(
            configuration.File is { } file
                ? $"the configuration '{configuration}' was changed since it was read from {file}; write it with "
                + "Export-DaemonProxyConfiguration -PassThru first"
                : $"the configuration '{configuration}' is in no file; write it with Export-DaemonProxyConfiguration {configuration}.yaml "
                + "-PassThru first",
            "ConfigurationNotSaved", ErrorCategory.InvalidOperation, configuration);
        return false;
    }

    /// <summary>
    /// A script that runs twice finds what it wants already there: that is a warning. Another configuration under the same name is an
    /// error.
    /// </summary>
    private void ReturnRunning(string name, ProxyConfiguration configuration, string? application)
    {
        if (StatusOf(name) is not { } status)
            return;
        var running = status.ConfigurationFile is null ? status.Daemons[0].Application : null;
        var other = status.ConfigurationFile != configuration.File || running != application
            ? $"with {status.ConfigurationFile ?? running ?? SampleName}"
            : status.ConfigurationHash != configuration.Hash ? $"with {status.ConfigurationFile} as it was before it was changed"
            : Listen is not null && !ListensOn(status) ? $"on {string.Join(", ", status.Uri)}"
            : null;
        if (other is null)
        {
            WriteWarning($"'{name}' is already running with this configuration (process {status.ProcessId}).");
            WriteObject(status);
            return;
        }

        WriteError(
            $"'{name}' is already running {other} (process {status.ProcessId}); bring a changed file into force with Restart-DaemonProxy "
                + $"{name}, "
                + $"end it with Stop-DaemonProxy {name}, or choose another name with -Name",
            "InstanceAlreadyRunning", ErrorCategory.ResourceExists, name);
    }

    // Port 0 asks for any free port, and * for every interface.
    private bool ListensOn(InstanceStatus status) => Listen!.All(asked =>
        ListenAddress.TryParse(asked, out var address, out _) && status.Uri.Any(uri =>
            uri.Scheme == address.Scheme && (address.Port == 0 || uri.Port == address.Port)
            && (uri.Host.Trim('[', ']') == address.Host || address.Host is "*")));

    private LaunchedApplication? LaunchedApplication() => Application is null ? null : new(
        ApplicationTarget.IsModule(Application)
            ? Application : FullPath(Application), Processes, Threads, PythonHome is null ? null : FullPath(PythonHome));
}
