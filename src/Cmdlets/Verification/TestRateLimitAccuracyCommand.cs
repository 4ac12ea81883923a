using System.Collections;
using System.Management.Automation;
using DaemonProxy.Control;
using DaemonProxy.Pacing;
using DaemonProxy.Verification.Measuring;
using DaemonProxy.Verification.Reporting;
using DaemonProxy.Verification.Verifying;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Measures how accurately rate limits are kept. With <c>-Uri</c>, measures any HTTP server. Without parameters, measures both pacers side
/// by side, under the current flush policy and the one before 6.0.2, on a front end of its own. With <c>-Name</c>, measures the routes of a
/// running front end that have a rate limit and lead to the sample application.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "RateLimitAccuracy", DefaultParameterSetName = OwnSet)]
[OutputType("DaemonProxy.Verification.Verifying.RateLimitResult", ParameterSetName = [OwnSet, RunningSet])]
[OutputType("DaemonProxy.Verification.Verifying.ServerRateLimitResult", ParameterSetName = [RunningSet, ServerSet])]
public sealed class TestRateLimitAccuracyCommand : VerificationCommand
{
    private const string OwnSet = "Own";
    private const string RunningSet = "Running";
    private const string ServerSet = "Server";

    private readonly List<ServerRateLimitResult> _serverResults = [];
    private readonly List<RateLimitResult> _routeResults = [];

    /// <summary>
    /// The address of a rate-limited response, http or https, on any server. Several addresses are measured one after the other.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ServerSet)]
    [ValidateNotNullOrEmpty]
    public Uri[] Uri { get; set; } = [];

    /// <summary>Running front ends; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true,
        ParameterSetName = RunningSet)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(InstanceNameCompleter))]
    public string[]? Name { get; set; }

    /// <summary>Measure only these routes of the front end.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = RunningSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RouteCompleter))]
    public string[]? Route { get; set; }

    /// <summary>
    /// What to request instead of the sample application's data, path and query: <c>/download/big.bin</c>. Measures the application that
    /// the route leads to; the response must be longer than the rate multiplied by the duration. The longest route in <c>-Route</c>, or of
    /// the front end, that the path lies below is measured.
    /// </summary>
    [Parameter(ParameterSetName = RunningSet)]
    [ValidatePattern("^/")]
    public string? Path { get; set; }

    /// <summary>
    /// The rate to configure or, with -Uri, the rate that each response should have: <c>400KB</c>, <c>400KiB/s</c>. Default without -Uri: 1
    /// MiB/s.
    /// </summary>
    [Parameter(ParameterSetName = OwnSet)]
    [Parameter(Mandatory = true, ParameterSetName = ServerSet)]
    [Rate]
    public long Rate { get; set; } = 1 << 20;

    /// <summary>
    /// What to measure: responses (Download, the default) or uploads. With -Uri, uploads are sent with POST, and timed by the answer.
    /// </summary>
    [Parameter]
    public RateLimitDirection Direction { get; set; }

    /// <summary>How long to measure. Default 5 s.</summary>
    [Parameter]
    [Duration(InSeconds = true)]
    public TimeSpan Duration { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The error allowed, in percent. Default: 1, or 2 for the interval pacer.</summary>
    [Parameter]
    [ValidateRange(0.001, 99.0)]
    public double? Tolerance { get; set; }

    /// <summary>The number of simultaneous connections, up to 10,000. Default 1.</summary>
    [Parameter(ParameterSetName = ServerSet)]
    [ValidateRange(1, ServerRateLimitOptions.MostConnections)]
    public int Connections { get; set; } = 1;

    /// <summary>The rate is the total of all connections, as under a limit for a client or for the whole server.</summary>
    [Parameter(ParameterSetName = ServerSet)]
    public SwitchParameter Shared { get; set; }

    /// <summary>
    /// Leave out this many bytes of each response, such as an initial burst: <c>1MB</c>. The measurement begins with the first write after
    /// them.
    /// </summary>
    [Parameter(ParameterSetName = ServerSet)]
    [Size]
    public long Skip { get; set; }

    /// <summary>Header fields to send: a hashtable, or strings such as <c>'Authorization: Bearer TOKEN'</c>.</summary>
    [Parameter(ParameterSetName = ServerSet)]
    [Header]
    public IDictionary? Header { get; set; }

    /// <summary>Accept any certificate.</summary>
    [Parameter(ParameterSetName = ServerSet)]
    public SwitchParameter SkipCertificateCheck { get; set; }

    /// <summary>Write a page with charts of all results to this file, replacing an existing one.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ReportPath { get; set; }

    /// <summary>Show the page in the browser; without -ReportPath, write it to a temporary file.</summary>
    [Parameter]
    public SwitchParameter Open { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        if (Open && ReportPath is null)
            ReportPath = System.IO.Path.Combine(
                System.IO.Path.GetTempPath(), $"daemonproxy-rate-limit-{Guid.NewGuid().ToString("N")[..8]}.html");
        if (ReportPath is not null)
            ReportPath = ReportFile.Checked(this, ReportPath);
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == ServerSet)
        {
            foreach (var uri in Uri)
                MeasureServer(uri);
            return;
        }

        foreach (var name in TargetsOf(Name))
        {
            if (Path is null)
                MeasureFrontEnd(name);
            else
                MeasurePath(name!, Path);
        }
    }

    /// <summary>Measures what a client of the user's own application gets.</summary>
    private void MeasurePath(string name, string path)
    {
        if (StatusOf(name) is not { } status)
            return;
        var route = status.Routes
            .Where(route => (Route?.Contains(route.Route) ?? true) && route.Covers(path)).MaxBy(route => route.Route.Length);
        var isUpload = Direction == RateLimitDirection.Upload;
        var limit = (isUpload ? route?.UploadRateLimits : route?.RateLimits)?.FirstOrDefault(limit => limit.Rate > 0);
        if (route is null || limit is null)
        {
            WriteError(
                route is null
                    ? $"'{path}' lies below no route of '{name}'{(Route is null ? "" : $" that -Route names ({string.Join(", ", Route)})")}"
                    : $"route '{route.Route}' of '{name}', which serves '{path}', has no rate limit{(isUpload ? " of uploads" : "")} to "
                    + "measure",
                "CannotVerify", ErrorCategory.InvalidArgument, status);
            return;
        }

        MeasureServer(new ServerRateLimitOptions
        {
            Uri = new Uri(status.Uri, path),
            Direction = Direction.ToRateDirection(),
            Rate = limit.Rate,
            Duration = Duration,
            Tolerance = (Tolerance ?? PacerTable.Get(limit.Pacer).Tolerance * 100) / 100,
            Skip = limit.InitialBurst,
            // It is the user's own front end, which was found on its control socket.
            SkipCertificateCheck = true,
        });
    }

    private void MeasureFrontEnd(string? name)
    {
        _routeResults.AddRange(Verify("Measuring rate limits", name, (progress, stop) => RateLimitVerification.RunAsync(
            new RateLimitVerificationOptions
            {
                HostPath = name is null ? HostProgram.Find(HostFolder) : null,
                Name = name,
                Routes = Route ?? [],
                Direction = Direction.ToRateDirection(),
                Rate = Rate,
                Duration = Duration,
                Tolerance = Tolerance / 100,
            }, progress, stop)));
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (ReportPath is null || _serverResults.Count + _routeResults.Count == 0)
            return;
        try
        {
            WriteReport();
            if (Open)
                Browser.Show(ReportPath);
        }
        catch (VerificationException error)
        {
            WriteError(new ErrorRecord(error, "ReportNotWritten", ErrorCategory.WriteError, ReportPath));
        }
    }

    /// <inheritdoc/>
    private protected override void OnStopped()
    {
        try
        {
            WriteReport();
        }
        catch (VerificationException)
        {
            // A stopped pipeline does not accept errors, either.
        }
    }

    private void WriteReport()
    {
        if (ReportPath is not null)
            RateLimitReport.Write(
                ReportPath, _serverResults.Count > 0 ? RateLimitReport.Html(_serverResults) : RateLimitReport.Html(_routeResults));
    }

    private void MeasureServer(Uri uri)
    {
        var options = new ServerRateLimitOptions
        {
            Uri = uri,
            Direction = Direction.ToRateDirection(),
            Rate = Rate,
            Shared = Shared,
            Duration = Duration,
            Connections = Connections,
            Tolerance = (Tolerance ?? 1) / 100,
            Skip = Skip,
            Headers = HeaderAttribute.Fields(Header),
            SkipCertificateCheck = SkipCertificateCheck,
        };
        MeasureServer(options);
    }

    private void MeasureServer(ServerRateLimitOptions options)
    {
        VerifyServer(options.Uri, (progress, stop) => ServerRateLimitVerification.RunAsync(options, progress, stop),
            measured => measured.AchievedRate > 0 ? null : (measured.Failure, measured.Problem ?? ""), _serverResults.Add);
    }
}
