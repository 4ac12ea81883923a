using System.Diagnostics;
using System.Management.Automation;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Editing;

namespace DaemonProxy.Cmdlets;

/// <summary>Starts a front end in its own process, and returns when it is serving.</summary>
[Cmdlet(VerbsLifecycle.Start, "DaemonProxy", SupportsShouldProcess = true, DefaultParameterSetName = ByFile)]
[OutputType(typeof(InstanceStatus))]
public sealed class StartDaemonProxyCommand : InstanceCommand
{
    private const string ByFile = "ConfigurationFile";
    private const string ByApplication = "Application";
    private const string ByObject = "InputObject";
    private const string SampleName = "the built-in sample application";

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(50);

    private bool _named;

    /// <summary>The configuration file. Default: the built-in sample application on a free loopback port.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = ByFile)]
    [Alias("Path", "PSPath", "FullName", "ConfigurationFile")]
    [ValidateNotNullOrEmpty]
    public string? ConfigurationPath { get; set; }

    /// <summary>
    /// A configuration object whose file matches it: read by <c>Import-DaemonProxyConfiguration</c> and not changed since, or written by
    /// <c>Export-DaemonProxyConfiguration</c>.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByObject)]
    [ValidateNotNull]
    public DaemonProxyConfiguration? InputObject { get; set; }

    /// <summary>
    /// A WSGI application instead of a configuration: the path of a script, or <c>module:callable</c> from the current folder. Daemon
    /// processes serve it on a free loopback port.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = ByApplication)]
    [ValidateNotNullOrEmpty]
    public string? Application { get; set; }

    /// <summary>The number of daemon processes for the application. Default 1.</summary>
    [Parameter(ParameterSetName = ByApplication)]
    [ValidateRange(1, 1024)]
    public int? Processes { get; set; }

    /// <summary>How many requests each process serves at a time. Default 15.</summary>
    [Parameter(ParameterSetName = ByApplication)]
    [ValidateRange(1, 1024)]
    public int? Threads { get; set; }

    /// <summary>
    /// The folder of a Python installation or a virtual environment. Default: the active virtual environment, or else <c>python3</c> on the
    /// PATH.
    /// </summary>
    [Parameter(ParameterSetName = ByApplication)]
    [ValidateNotNullOrEmpty]
    public string? PythonHome { get; set; }

    /// <summary>The name under which every console finds the front end; overrides the name in the configuration.</summary>
    // Not validated: a configuration object that comes through the pipeline has a property Name that may be null.
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? Name { get; set; }

    /// <summary>The addresses to listen on, which override those in the configuration: <c>http://127.0.0.1:8080</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? Listen { get; set; }

    /// <summary>The file of the event log. Default: <c>events.log</c> in the instance's folder.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? LogPath { get; set; }

    /// <summary>
    /// Start even if some daemon groups cannot be started, as long as anything can be served; each of these groups causes a warning.
    /// Without this switch, the first of them makes the start fail, because a deployment script needs to know.
    /// </summary>
    [Parameter]
    public SwitchParameter AllowFailedDaemon { get; set; }

    /// <summary>
    /// How long the daemons may take before they serve. Default: each group's <c>startup-timeout</c>, or 30 s for a group without one.
    /// </summary>
    [Parameter]
    [Duration(InSeconds = true)]
    public TimeSpan? Timeout { get; set; }

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
        // A file from the pipeline also has a Name property: the file's name, which is not the front end's.
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
                StartTimeout = Timeout,
                Timeout = InstanceLauncher.LimitOf(configuration, Timeout),
            };
            WriteVerbose($"starting {options.HostPath}");
            var status = Wait($"Starting '{name}'", stop => InstanceLauncher.StartAsync(options, stop));
            WriteWarnings(status);
            WriteObject(status);
        }
        catch (ControlException error)
        {
            WriteControlError(error, FrontEndOrName(name, error.Failure));
        }
    }

    /// <summary>
    /// A front end rereads its configuration when it is restarted, so there must be a file, and it must match the object.
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
    /// A script that runs twice finds the front end it wants already running, which is only a warning. A different configuration under the
    /// same name is an error.
    /// </summary>
    private void ReturnRunning(string name, ProxyConfiguration configuration, string? application)
    {
        var status = Wait(
            $"Waiting for '{name}', which is being started", stop =>
            StatusOnceStartedAsync(name, InstanceLauncher.LimitOf(configuration, Timeout), stop));
        var running = status.ConfigurationFile is null ? status.Daemons[0].Application : null;
        var other = status.ConfigurationFile != configuration.File || running != application
            ? $"with {status.ConfigurationFile ?? running ?? SampleName}"
            : status.ConfigurationHash != configuration.Hash ? $"with {status.ConfigurationFile} as it was before it was changed"
            : Listen is not null && !ListensOn(status) ? $"on {string.Join(", ", status.Uris)}"
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
            "InstanceAlreadyRunning", ErrorCategory.ResourceExists, status);
    }

    /// <summary>The status of a front end that may still be starting: it holds its name before it answers on its control socket.</summary>
    private async Task<InstanceStatus> StatusOnceStartedAsync(string name, TimeSpan limit, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        using var client = new ControlClient(name);
        while (true)
        {
            try
            {
                return await client.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (ControlException error) when (error.Failure == ControlFailure.Unreachable)
            {
                if (Stopwatch.GetElapsedTime(start) > limit)
                    throw new ControlException(
                        $"'{name}' is already running and has not answered on its control socket for {limit.TotalSeconds:0} s; end its "
                            + "process, or choose another name with -Name",
                        ControlFailure.AlreadyRunning, error);
                await Task.Delay(BetweenLooks, TimeProvider.System, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // Port 0 asks for any free port.
    private bool ListensOn(InstanceStatus status) => Listen!.All(asked =>
        ListenAddress.TryParse(asked, out var address, out _) && status.Uris.Any(uri =>
            uri.Scheme == address.Scheme && (address.Port == 0 || uri.Port == address.Port)
            && IsHostOf(address, uri)));

    // A front end that listens on every interface says localhost; one that listens on localhost says 127.0.0.1 and ::1.
    private static bool IsHostOf(ListenAddress asked, Uri uri) => asked.Host switch
    {
        "*" or "0.0.0.0" or "::" => uri.Host == "localhost",
        "localhost" => uri.IsLoopback && uri.Host != "localhost",
        var host => uri.Host.Trim('[', ']') == host,
    };

    private LaunchedApplication? LaunchedApplication() => Application is null ? null : new(
        ApplicationTarget.IsModule(Application)
            ? Application : FullPath(Application), Processes, Threads, PythonHome is null ? null : FullPath(PythonHome));
}
