using System.Collections;
using System.Management.Automation;
using DaemonProxy.Configuration;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Creates a configuration from parameters or objects, checks it, and returns it; with <c>-Path</c>, writes it to a file.
/// </summary>
[Cmdlet(VerbsCommon.New, "DaemonProxyConfiguration", SupportsShouldProcess = true, DefaultParameterSetName = ByDaemon)]
[OutputType(typeof(DaemonProxyConfiguration))]
public sealed class NewDaemonProxyConfigurationCommand : ConfigurationCommand
{
    private const string ByDaemon = "Daemon";
    private const string ByApplication = "Application";
    private const string ByCommand = "Command";
    private const string ByAddress = "Address";
    private const string OnlyGroup = "app";

    private readonly List<object> _daemons = [];

    /// <summary>The file to write. Without it, the configuration is only returned.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>
    /// Daemon groups, each a hashtable or an object with the options of a group: <c>@{ Name = 'app'; Application = 'app.wsgi' }</c>.
    /// Default: the built-in sample application.
    /// </summary>
    [Parameter(ValueFromPipeline = true, ParameterSetName = ByDaemon)]
    [ValidateNotNullOrEmpty]
    public object[] Daemon { get; set; } = [];

    /// <summary>A WSGI application for the only daemon group, <c>app</c>: the path of a script, or <c>module:callable</c>.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByApplication)]
    [ValidateNotNullOrEmpty]
    public string? Application { get; set; }

    /// <summary>
    /// A program and its arguments for the only daemon group; <c>{socket}</c> in an argument stands for the path of the socket.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = ByCommand)]
    [ValidateNotNullOrEmpty]
    public string[]? Command { get; set; }

    /// <summary>
    /// The address of the only daemon group, which somebody else runs: <c>http://127.0.0.1:9000</c> or <c>unix:/run/app.sock</c>.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = ByAddress)]
    [ValidateNotNullOrEmpty]
    public string? Address { get; set; }

    /// <summary>The number of daemon processes in the group. Default 1.</summary>
    [Parameter(ParameterSetName = ByApplication)]
    [Parameter(ParameterSetName = ByCommand)]
    public int? Processes { get; set; }

    /// <summary>How many requests each process serves at a time. Default 15 for an application.</summary>
    [Parameter(ParameterSetName = ByApplication)]
    [Parameter(ParameterSetName = ByCommand)]
    [Parameter(ParameterSetName = ByAddress)]
    public int? Threads { get; set; }

    /// <summary>
    /// The folder of a Python installation or a virtual environment for the application. Default: the active virtual environment, or else
    /// <c>python3</c> on the PATH.
    /// </summary>
    [Parameter(ParameterSetName = ByApplication)]
    [ValidateNotNullOrEmpty]
    public string? PythonHome { get; set; }

    /// <summary>How long the relay waits for more data before it flushes. Default 5 ms; a plain number is in milliseconds.</summary>
    [Parameter(ParameterSetName = ByApplication)]
    [Parameter(ParameterSetName = ByCommand)]
    [Parameter(ParameterSetName = ByAddress)]
    [Duration]
    public TimeSpan? FlushDelay { get; set; }

    /// <summary>The longest that a byte waits while the application keeps trickling; 0 for no deadline. Default 50 ms.</summary>
    [Parameter(ParameterSetName = ByApplication)]
    [Parameter(ParameterSetName = ByCommand)]
    [Parameter(ParameterSetName = ByAddress)]
    [Duration]
    public TimeSpan? FlushDeadline { get; set; }

    /// <summary>The runaway guard: how much the output chain may hold before it is flushed, at least 64 KiB. Default 8 MiB.</summary>
    [Parameter(ParameterSetName = ByApplication)]
    [Parameter(ParameterSetName = ByCommand)]
    [Parameter(ParameterSetName = ByAddress)]
    [Size]
    public long? BufferSize { get; set; }

    /// <summary>
    /// Routes: path prefixes, or hashtables or objects with the options of a route: <c>@{ Path = '/download'; RateLimit = 400KB }</c>. A
    /// route without a daemon or an application leads to the first daemon group. Default: every path leads there.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public object[] Route { get; set; } = [];

    /// <summary>
    /// The rate limit of the routes that are given as path prefixes: <c>400KB</c>, <c>400KiB/s</c>, or a number of bytes per second.
    /// </summary>
    [Parameter]
    [Rate]
    public long? RateLimit { get; set; }

    /// <summary>How many bytes of each response on these routes are sent unpaced at the start.</summary>
    [Parameter]
    [Size]
    public long? InitialBurst { get; set; }

    /// <summary>Which pacer keeps the rate limit of these routes.</summary>
    [Parameter]
    [PacerName]
    public Pacer? Pacer { get; set; }

    /// <summary>The name under which every console finds the front end. Default: <c>default</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>The addresses to listen on: <c>http://127.0.0.1:8080</c>. Default: a free loopback port.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? Listen { get; set; }

    /// <summary>Refuse embedded mode (<c>$true</c>) or allow it (<c>$false</c>). Default: never set.</summary>
    [Parameter]
    public bool? RestrictEmbedded { get; set; }

    /// <summary>Replace an existing file.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Return the configuration even if it is written to a file.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => _daemons.AddRange(Daemon);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var file = Path is null ? null : FullPath(Path);
        var configuration = new DaemonProxyConfiguration
        {
            ["name"] = Name,
            ["listen"] = Listen,
            ["restrict-embedded"] = RestrictEmbedded,
        };
        configuration["daemons"] = ParameterSetName == ByDaemon ? _daemons.ToArray() : [Group(file)];
        configuration["routes"] = Routes(configuration).ToArray();
        if (file is null)
        {
            if (IsRight(configuration))
                WriteObject(configuration);
        }
        else if (ShouldProcess($"'{file}'", $"Write configuration '{configuration}'") && Save(configuration, file, Force) && PassThru)
        {
            WriteObject(configuration);
        }
    }

    private DaemonConfiguration Group(string? file) => new()
    {
        ["name"] = OnlyGroup,
        ["application"] = Application is null || ApplicationTarget.IsModule(Application) ? Application : InFile(Application, file),
        ["command"] = Command,
        ["address"] = Address,
        ["python-home"] = PythonHome is null ? null : InFile(PythonHome, file),
        ["processes"] = Processes,
        ["threads"] = Threads,
        ["response-flush-delay"] = FlushDelay,
        ["response-flush-deadline"] = FlushDeadline,
        ["response-buffer-size"] = BufferSize,
    };

    /// <summary>
    /// Converts typed paths, which are relative to PowerShell's location, because relative paths in a file start from the file's folder.
    /// </summary>
    private string InFile(string path, string? file) =>
        file is null || System.IO.Path.GetDirectoryName(file) == CurrentFolder ? path : FullPath(path);

    private IEnumerable<RouteConfiguration> Routes(DaemonProxyConfiguration configuration)
    {
        var first = (configuration["daemons"] as IEnumerable<DaemonConfiguration>)?.First()["name"];
        var given = Route.Length == 0 && (RateLimit ?? InitialBurst) is not null ? ["/"] : Route;
        foreach (var item in given)
        {
            var plain = item is PSObject wrapped ? wrapped.BaseObject : item;
            var route = plain switch
            {
                RouteConfiguration made => made,
                string path =>
                    new RouteConfiguration
                    {
                        ["path"] = path,
                        ["rate-limit"] = RateLimit,
                        ["rate-initial-burst"] = InitialBurst,
                        ["pacer"] = Pacer
                    },
                IDictionary options => new RouteConfiguration(options),
                _ => (RouteConfiguration)new RouteConfiguration().With(item),
            };
            if (route["daemon"] is null && route["application"] is null)
                route["daemon"] = first;
            yield return route;
        }
    }

    private bool IsRight(DaemonProxyConfiguration configuration)
    {
        try
        {
            configuration.Document.Check(Unwritten, CurrentFolder);
            return true;
        }
        catch (ConfigurationException mistakes)
        {
            WriteConfigurationErrors(mistakes);
            return false;
        }
    }
}
