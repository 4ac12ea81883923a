using System.Diagnostics;
using System.Management.Automation;
using System.Management.Automation.Host;
using DaemonProxy.Control;
using DaemonProxy.Display;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Shows groups, rates, flushes and responses in flight while front ends serve, until q or Ctrl+C. In a pipeline or a file, writes one
/// object for each front end and interval. Front ends that start later appear, too.
/// </summary>
[Cmdlet(VerbsCommon.Watch, "DaemonProxy")]
[OutputType(typeof(ActivityRates))]
public sealed class WatchDaemonProxyCommand : InstanceQueryCommand
{
    private static readonly TimeSpan BetweenKeys = TimeSpan.FromMilliseconds(50);

    // A front end that has not answered by then is shown as not running, and asked again.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly List<string> _patterns = [];
    private readonly Dictionary<string, InstanceActivity> _before = new(StringComparer.Ordinal);

    /// <summary>The time between two updates. Default 1 s; at least 100 ms.</summary>
    [Parameter]
    [Duration(InSeconds = true)]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Write this many objects for each front end instead of showing a screen, then end.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? Count { get; set; }

    private bool HasScreen => Count is null && MyInvocation.PipelinePosition == MyInvocation.PipelineLength
        && !Console.IsOutputRedirected && !Console.IsInputRedirected && Host.UI?.SupportsVirtualTerminal == true;

    /// <inheritdoc/>
    protected override void ProcessRecord() => _patterns.AddRange(Name ?? []);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (Interval < TimeSpan.FromMilliseconds(100))
        {
            WriteError($"an interval of {Interval.TotalMilliseconds:0} ms is too short; give 100 ms or more", "InvalidInterval",
                ErrorCategory.InvalidArgument, Interval);
            return;
        }

        var patterns = _patterns.Count == 0 ? null : _patterns.ToArray();
        // A front end that is named but not running is an error at first; if it ends later, that is news.
        var found = NamesOf(patterns);
        var running = NamesOf(null);
        foreach (var name in found.Except(running))
            StatusOf(name);
        if (!found.Intersect(running).Any())
        {
            if (patterns is null)
                NameOfOne(null);
            return;
        }

        try
        {
            if (HasScreen)
                Show(patterns);
            else
                WriteSnapshots(patterns);
        }
        catch (ControlException error)
        {
            WriteControlError(error, Name);
        }
    }

    private void WriteSnapshots(string[]? patterns)
    {
        // The first look has nothing to compare with, so it does not count.
        ReadActivities(patterns);
        for (var i = 0; (Count is null || i < Count) && !StopToken.WaitHandle.WaitOne(Interval); i++)
        {
            foreach (var (name, rates) in ReadActivities(patterns))
            {
                if (rates is not null)
                    WriteObject(rates);
                else if (patterns?.Contains(name) == true)
                    WriteWarning($"'{name}' is not running");
            }
        }
    }

    private void Show(string[]? patterns)
    {
        using var screen = new WatchScreen(Console.OpenStandardOutput());
        var terminal = Host.UI.RawUI;
        var advice = new WatchedAdvice();
        // Keys typed earlier are not meant for this screen.
        terminal.FlushInputBuffer();
        while (!StopToken.IsCancellationRequested)
        {
            var looked = Stopwatch.GetTimestamp();
            var watched = ReadActivities(patterns);
            advice.Look(watched);
            Size? size = null;
            do
            {
                if (terminal.WindowSize != size)
                {
                    size = terminal.WindowSize;
                    screen.Show(WatchFrame.Lines(
                        watched, TimeProvider.System.GetLocalNow(), size.Value.Width, size.Value.Height, advice.Hint));
                }

                if (WantsToEnd(terminal))
                    return;
            }
            while (Stopwatch.GetElapsedTime(looked) < Interval && !StopToken.WaitHandle.WaitOne(BetweenKeys));
        }
    }

    private static bool WantsToEnd(PSHostRawUserInterface terminal)
    {
        while (terminal.KeyAvailable)
        {
            if (terminal.ReadKey(ReadKeyOptions.NoEcho | ReadKeyOptions.IncludeKeyDown).Character is 'q' or 'Q' or '\e')
                return true;
        }

        return false;
    }

    /// <summary>What each front end has done since the last look; null for one that is no longer running.</summary>
    private List<(string Name, ActivityRates? Rates)> ReadActivities(string[]? patterns)
    {
        var running = InstanceDirectory.List();
        var names = patterns is null ? running : [.. patterns.SelectMany(pattern => Matching(pattern, running)).Distinct()];
        var looks = Task.Run(() => Task.WhenAll(names.Select(AskAsync)));
        try
        {
            return [.. looks.GetAwaiter().GetResult()];
        }
        catch (OperationCanceledException)
        {
            throw new PipelineStoppedException();
        }
    }

    private async Task<(string Name, ActivityRates? Rates)> AskAsync(string name)
    {
        try
        {
            using var client = new ControlClient(name) { Timeout = Patience };
            var now = await client.GetActivityAsync(StopToken).ConfigureAwait(false);
            lock (_before)
            {
                var rates = ActivityRates.Between(_before.GetValueOrDefault(name), now);
                _before[name] = now;
                return (name, rates);
            }
        }
        catch (ControlException)
        {
            return (name, null);
        }
    }
}
