using System.Management.Automation;
using DaemonProxy.Control;
using DaemonProxy.Statistics;
using DaemonProxy.Verification.Advising;
using DaemonProxy.Verification.Measuring;
using DaemonProxy.Verification.Reporting;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Says which flush delay suits each daemon group, by how its application writes, and what each delay would do: computed with the front
/// end's own rules, without touching what it serves.
/// </summary>
[Cmdlet(VerbsCommon.Get, "FlushAdvice", SupportsShouldProcess = true)]
[OutputType("DaemonProxy.Verification.Advising.FlushAdvice")]
public sealed class GetFlushAdviceCommand : InstanceQueryCommand
{
    private readonly List<FlushAdvice> _all = [];

    /// <summary>The daemon groups; wildcards are allowed. Default: all.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(DaemonNameCompleter))]
    public string[]? Daemon { get; set; }

    /// <summary>
    /// Go by what has been written since these objects of <c>Get-DaemonProxyStatistics</c>. Default: since the front end started.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public TrafficStatus[]? Since { get; set; }

    /// <summary>Go by what is written from now on, for this long: <c>30s</c>, or a number of seconds.</summary>
    [Parameter]
    [Duration(InSeconds = true)]
    public TimeSpan? During { get; set; }

    /// <summary>
    /// Set the recommended delay where it differs from the one in force, and say so below the table (Applied in the object). A restart
    /// brings the configuration's value back.
    /// </summary>
    [Parameter]
    public SwitchParameter Apply { get; set; }

    /// <summary>Write a page with the histograms and the table to this file, replacing an existing one.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ReportPath { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        if (Since is not null && During is not null)
            ThrowTerminatingError(new ErrorRecord(
                new PSArgumentException("-Since begins in the past and -During now; give one of them"), "SinceAndDuring",
                ErrorCategory.InvalidArgument, During));
        if (ReportPath is not null)
            ReportPath = ReportFile.Checked(this, ReportPath);
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in NamesOf(Name))
        {
            if (StatusOf(name) is not { } status)
                continue;
            var chosen = ChosenOf(name, status);
            var earlier = Since ?? [];
            if (During is { } time && chosen.Count > 0)
            {
                earlier = [.. status.Daemons.Select(daemon => daemon.Traffic)];
                Wait($"Watching how '{name}' writes", async stop =>
                {
                    await Task.Delay(time, TimeProvider.System, stop).ConfigureAwait(false);
                    return true;
                });
                if (StatusOf(name) is not { } now)
                    continue;
                // A group may have come or gone meanwhile.
                (status, chosen) = (now, ChosenOf(name, now));
            }

            foreach (var daemon in chosen)
                Advise(status, daemon, earlier);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (ReportPath is null || _all.Count == 0)
            return;
        try
        {
            FlushAdviceReport.Write(ReportPath, _all);
        }
        catch (VerificationException error)
        {
            WriteError(new ErrorRecord(error, "ReportNotWritten", ErrorCategory.WriteError, ReportPath));
        }
    }

    private IReadOnlyList<string> ChosenOf(string name, InstanceStatus status) => Choose(
        Daemon, [.. status.Daemons.Select(daemon => daemon.Daemon)], $"daemon group of '{name}' named", "DaemonNotFound");

    private void Advise(InstanceStatus status, string daemon, TrafficStatus[] earlier)
    {
        var since = earlier.FirstOrDefault(
            one => one.Scope == nameof(StatisticsScope.Daemon) && one.Name == status.Name && one.Target == daemon);
        if (since is null && Since is not null)
        {
            WriteError($"-Since has no counts of daemon group '{daemon}' of '{status.Name}'; give what Get-DaemonProxyStatistics returned",
                "SinceNotFound", ErrorCategory.InvalidArgument, daemon);
            return;
        }

        var advice = FlushAdvisor.Advise(status, daemon, since);
        if (Apply)
            advice = advice with { Applied = SetRecommended(advice) };
        _all.Add(advice);
        WriteObject(advice);
    }

    private bool SetRecommended(FlushAdvice advice)
    {
        var group = $"daemon group '{advice.Daemon}' of '{advice.Name}'";
        if (advice.GetRecommendedDelay() is not { } delay || !advice.Differs)
        {
            var why = advice.Recommended is null ? advice.Reason : "the recommended delay is in force.";
            WriteVerbose($"Nothing to set for {group}: {why}");
            return false;
        }

        if (!ShouldProcess(group, $"Set flush policy (delay {advice.ShownRecommendation})"))
            return false;
        var change = FlushPolicyChange.OfDelay(advice.Daemon, delay);
        if (Ask(advice.Name, $"Setting the flush policy of '{advice.Daemon}'", (client, stop) => client.SetFlushPolicyAsync(change, stop))
            is null)
            return false;
        WriteVerbose($"Set the flush delay of {group} to {advice.ShownRecommendation}; it was {advice.FlushPolicy.ShownDelay}.");
        return true;
    }
}
