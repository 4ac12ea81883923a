using System.Management.Automation;
using DaemonProxy.Configuration;
using DaemonProxy.Control;

namespace DaemonProxy.Cmdlets;

/// <summary>Starts a front end in a process of its own, and returns when it serves.</summary>
[Cmdlet(VerbsLifecycle.Start, "DaemonProxy", SupportsShouldProcess = true)]
[OutputType(typeof(DaemonProxyInfo))]
public sealed class StartDaemonProxyCommand : InstanceCommand
{
    /// <summary>The configuration file. Without one: the built-in sample application on a free loopback port.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Path", "PSPath", "FullName")]
    [ValidateNotNullOrEmpty]
    public string? ConfigurationPath { get; set; }

    /// <summary>The name by which every console finds the front end, instead of the configuration's.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>The addresses to listen on, instead of the configuration's: <c>http://127.0.0.1:8080</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? Listen { get; set; }

    /// <summary>The event log's file. Default: <c>events.log</c> in the instance's folder.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? LogPath { get; set; }

    /// <summary>How long the front end and its daemons may take until they serve. Default 30 s.</summary>
    [Parameter]
    [Duration(InSeconds = true)]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var file = ConfigurationPath is null ? null : FullPath(ConfigurationPath);
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

        var name = Name ?? configuration.Name;
        try
        {
            if (InstanceDirectory.IsRunning(name))
            {
                ReturnRunning(name, file);
                return;
            }

            if (!ShouldProcess($"'{name}' with {file ?? "the built-in sample application"}", "Start front end"))
                return;
            var options = new LaunchOptions
            {
                HostPath = HostProgram.Find(HostFolder),
                ConfigurationFile = file,
                Name = Name,
                Listen = Listen ?? [],
                LogFile = LogPath is null ? null : FullPath(LogPath),
                Timeout = Timeout,
            };
            WriteVerbose($"starting {options.HostPath}");
            WriteObject(new DaemonProxyInfo(Wait($"Starting '{name}'", stop => InstanceLauncher.StartAsync(options, stop))));
        }
        catch (ControlException error)
        {
            WriteControlError(error, name);
        }
    }

    /// <summary>A script that runs twice finds what it wants already there: that is a warning. Another configuration under the same name is an error.</summary>
    private void ReturnRunning(string name, string? file)
    {
        if (StatusOf(name) is not { } status)
            return;
        if (status.ConfigurationFile == file)
        {
            WriteWarning($"'{name}' is already running with this configuration (process {status.ProcessId}).");
            WriteObject(new DaemonProxyInfo(status));
            return;
        }

        WriteError(
            $"'{name}' is already running with {status.ConfigurationFile ?? "the built-in sample application"} (process {status.ProcessId}); stop it with Stop-DaemonProxy {name}, or choose another name with -Name",
            "InstanceAlreadyRunning", ErrorCategory.ResourceExists, name);
    }
}
