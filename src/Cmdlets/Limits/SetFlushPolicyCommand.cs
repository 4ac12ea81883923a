using System.Management.Automation;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Display;

namespace DaemonProxy.Cmdlets;

/// <summary>Changes the flush policy of daemon groups while they serve; it applies to responses in flight from their next read.</summary>
[Cmdlet(VerbsCommon.Set, "FlushPolicy", SupportsShouldProcess = true)]
[OutputType(typeof(FlushPolicyStatus))]
public sealed class SetFlushPolicyCommand : InstanceChangeCommand
{
    private bool _delayIsTyped;

    /// <summary>The daemon groups; wildcards are allowed. Default: all groups of the front end.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(DaemonNameCompleter))]
    public string[]? Daemon { get; set; }

    /// <summary>
    /// How long the relay waits for more data before it flushes: <c>5ms</c>, or a number of milliseconds. With 0, it flushes on every dry
    /// read. With <c>auto</c>, each response adapts the delay to how its application writes.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Duration(AutoAs = Timeout.Infinite)]
    public TimeSpan? FlushDelay { get; set; }

    /// <summary>The runaway guard: the output chain is flushed when it holds more than this. At least 64KB.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Size]
    public long? BufferSize { get; set; }

    /// <summary>
    /// The longest that a byte waits while the application trickles: <c>50ms</c>, or a number of milliseconds. 0 for no deadline.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Duration]
    public TimeSpan? FlushDeadline { get; set; }

    /// <summary>
    /// Let each response adapt its delay, as <c>-FlushDelay auto</c> does. A saved policy brings it along the pipeline; a -FlushDelay on
    /// the command line counts for more.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public SwitchParameter AutoDelay { get; set; }

    /// <summary>Return the changed policies.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private bool IsAuto => FlushDelay == FlushPolicy.Auto || (AutoDelay && !_delayIsTyped);

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        _delayIsTyped = FlushDelay is not null;
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (FlushDelay is null && !AutoDelay && BufferSize is null && FlushDeadline is null)
        {
            WriteError("nothing to change was given; add -FlushDelay, -BufferSize or -FlushDeadline", "NothingToChange",
                ErrorCategory.InvalidArgument, Name);
            return;
        }

        foreach (var name in Names())
        {
            if (StatusOf(name) is { } status)
                Change(name, status);
        }
    }

    private void Change(string name, InstanceStatus status)
    {
        foreach (var daemon in Choose(
            Daemon, [.. status.Daemons.Select(daemon => daemon.Daemon)], $"daemon group of '{name}' named", "DaemonNotFound"))
        {
            if (!ShouldProcess($"daemon group '{daemon}' of '{name}'", $"Set flush policy ({Changes()})"))
                continue;
            var change = new FlushPolicyChange
            {
                Daemon = daemon,
                FlushDelay = IsAuto ? null : FlushDelay,
                AutoDelay = IsAuto ? true : null,
                BufferSize = BufferSize,
                FlushDeadline = FlushDeadline,
            };
            var changed = Ask(name, $"Setting the flush policy of '{daemon}'", (client, stop) => client.SetFlushPolicyAsync(change, stop));
            foreach (var now in changed ?? [])
            {
                if (FlushDelay == TimeSpan.Zero)
                    WarnOf(status.Routes.Where(route => route.Daemon == now.Daemon), now.FlushDelay);
                if (PassThru)
                    WriteObject(now);
            }
        }
    }

    private void WarnOf(IEnumerable<RouteStatus> routes, TimeSpan flushDelay)
    {
        foreach (var route in routes)
        {
            if (NoDelayWarning.From(route, flushDelay) is { } warning)
                WriteWarning(warning);
        }
    }

    private string Changes() => string.Join(", ", new[]
    {
        IsAuto ? "delay auto" : FlushDelay is { } delay ? $"delay {Units.FormatDuration(delay)}" : null,
        BufferSize is { } size ? $"buffer size {Units.FormatSize(size)}" : null,
        FlushDeadline is { } deadline ? $"deadline {Units.FormatDuration(deadline)}" : null,
    }.OfType<string>());
}
