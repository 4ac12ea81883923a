using System.Collections;
using System.Globalization;
using System.Management.Automation;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Services;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Makes the system start a front end, and restart it when it fails: as a systemd unit, a launchd agent, or a Windows service.
/// </summary>
[Cmdlet(VerbsLifecycle.Register, "DaemonProxyService", SupportsShouldProcess = true)]
[OutputType(typeof(ServiceState))]
public sealed class RegisterDaemonProxyServiceCommand : ServiceCommand
{
    private const int FirstUnprivilegedPort = 1024;

    // A service manager does not pass these on, and an application usually cannot be found without them.
    private static readonly string[] Kept = ["PATH", "VIRTUAL_ENV", RuntimeDirectory.EnvironmentVariable];

    /// <summary>The configuration file.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Path", "PSPath", "FullName", "ConfigurationFile")]
    [ValidateNotNullOrEmpty]
    public string ConfigurationPath { get; set; } = "";

    /// <summary>The name under which every console finds the front end; overrides the name in the configuration.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>
    /// The account that runs a service of the system. Default: the service manager's own, which is root; on Windows, LocalService.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Account { get; set; }

    /// <summary>
    /// The file of the event log. Default: <c>events.log</c> in the instance's folder, which does not survive a restart of the machine.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? LogPath { get; set; }

    /// <summary>
    /// Environment variables for the front end and its daemons. A user's service also gets <c>PATH</c> and <c>VIRTUAL_ENV</c> from this
    /// console; an empty value removes one of these. No secrets: others can read the definition of a service.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public Hashtable Environment { get; set; } = [];

    /// <summary>
    /// A file of environment variables for the front end and its daemons, <c>NAME=value</c> in each line, that systemd reads at each start:
    /// the place for secrets. It should be its owner's alone (chmod 600).
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? EnvironmentFile { get; set; }

    /// <summary>Write and enable the service, but do not start it now: it starts with the machine, or at the next login.</summary>
    [Parameter]
    public SwitchParameter NoStart { get; set; }

    /// <summary>Only write the service; do not enable or start it.</summary>
    [Parameter]
    public SwitchParameter NoEnable { get; set; }

    /// <summary>Return the service.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var file = FullPath(ConfigurationPath);
        try
        {
            var variables = Environment.Cast<DictionaryEntry>().ToDictionary(
                variable => Text(variable.Key), variable => Text(variable.Value), StringComparer.Ordinal);
            var configuration = ConfigurationFile.Load(file, variables, EnvironmentFile is null ? null : FullPath(EnvironmentFile));
            // A file from the pipeline also has a Name property: the file's name, which is not the front end's.
            var name = Name is null || Name == Path.GetFileName(file) ? configuration.Name : Name;
            if (!NameRule.Allows(name))
            {
                WriteError($"'{name}' cannot be a front end's name; {NameRule.Sentence}", "InvalidName", ErrorCategory.InvalidArgument,
                    name);
                return;
            }

            if (Manager() is { } manager)
                Register(manager, Definition(file, name, configuration));
        }
        catch (ConfigurationException mistakes)
        {
            WriteConfigurationErrors(mistakes);
        }
        catch (ServiceException error)
        {
            WriteServiceError(error, file);
        }
        catch (ControlException error)
        {
            WriteControlError(error, file);
        }
    }

    private void Register(ServiceManager manager, ServiceDefinition service)
    {
        var start = !NoStart && !NoEnable;
        // Otherwise the service would find its name taken, and keep failing until somebody noticed.
        if (start && !manager.Names().Contains(service.Name) && Scope == Scope.User && InstanceDirectory.IsRunning(service.Name))
        {
            WriteError($"'{service.Name}' is already running, and not as a service; end it with Stop-DaemonProxy {service.Name}, or add "
                + "-NoStart",
                "InstanceAlreadyRunning", ErrorCategory.ResourceExists, service.Name);
            return;
        }

        if (!ShouldProcess(
            $"'{service.Name}' with {service.ConfigurationFile}, as {manager.PathOf(service.Name)}", $"Register {manager.Kind} service"))
            return;
        WriteVerbose($"the service runs {string.Join(' ', service.Command)}");
        var state = Wait($"Registering '{service.Name}'", stop => manager.RegisterAsync(service, !NoEnable, start, stop));
        WriteVerbose(state.Changed ? $"{state.Path} is written" : $"{state.Path} was there already, with the same content");
        foreach (var remark in state.Remarks)
            WriteWarning(remark);
        if (PassThru)
            WriteObject(state with { ConfigurationFile = service.ConfigurationFile });
    }

    private ServiceDefinition Definition(string file, string name, ProxyConfiguration configuration)
    {
        var (host, dotnet) = HostProgram.ForService(HostProgram.Find(HostFolder));
        return new ServiceDefinition
        {
            Name = name,
            ConfigurationFile = file,
            Host = host,
            Scope = Scope == Scope.System ? ServiceScope.System : ServiceScope.User,
            Account = Account,
            LogFile = LogPath is null ? null : FullPath(LogPath),
            Environment = Variables(dotnet),
            EnvironmentFile = EnvironmentFile is null ? null : FullPath(EnvironmentFile),
            PrivilegedPort = configuration.Listen.Any(address => address.Port is > 0 and < FirstUnprivilegedPort),
        };
    }

    private static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    private SortedDictionary<string, string> Variables(string? dotnetRoot)
    {
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (Scope == Scope.User)
        {
            foreach (var name in Kept)
                variables[name] = System.Environment.GetEnvironmentVariable(name) ?? "";
            // PowerShell puts its own folder first, where no application looks for anything.
            variables["PATH"] = string.Join(Path.PathSeparator, variables["PATH"].Split(Path.PathSeparator)
                .Where(folder => Path.TrimEndingDirectorySeparator(folder) != Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)));
        }
        else if (OperatingSystem.IsWindows())
        {
            // LocalService keeps its data in a folder of its own, where no administrator's console looks.
            variables[RuntimeDirectory.EnvironmentVariable] = Path.Combine(
                System.Environment.GetFolderPath(System.Environment.SpecialFolder.CommonApplicationData), "DaemonProxy", "run");
        }

        variables["DOTNET_ROOT"] = dotnetRoot ?? "";
        foreach (DictionaryEntry variable in Environment)
            variables[Text(variable.Key)] = Text(variable.Value);
        foreach (var name in variables.Where(variable => variable.Value.Length == 0).Select(variable => variable.Key).ToList())
            variables.Remove(name);
        return variables;
    }
}
