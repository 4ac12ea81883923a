using System.Text.Json;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Events;
using DaemonProxy.Host.FrontEnd;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Update;
using DaemonProxy.Platform;

namespace DaemonProxy.Host.CommandLine;

/// <summary>A front end in this process, from its start to its end.</summary>
internal sealed class ServeRun
{
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Returns the configuration to serve; called again at each reload.</summary>
    public required Func<ProxyConfiguration> Configure { get; init; }

    /// <summary>The event log that the command line names; null: none.</summary>
    public required string? LogFile { get; init; }

    /// <summary>Whether any group that does not start makes the start fail.</summary>
    public required bool Strict { get; init; }

    /// <summary>How long the daemons may take; null: as long as each group's own limit.</summary>
    public required TimeSpan? Within { get; init; }

    /// <summary>Whether it leaves the terminal, and reports its start in one line of JSON.</summary>
    public required bool IsBackground { get; init; }

    /// <summary>The socket on which the front end waits that this one is to replace; null: it replaces none.</summary>
    public required string? Replaces { get; init; }

    /// <summary>The service manager; null: none.</summary>
    public required ServiceManagerLink? Manager { get; init; }

    /// <summary>Whether it reports its start as JSON.</summary>
    public required bool Json { get; init; }

    /// <summary>Standard output.</summary>
    public required TextWriter Output { get; init; }

    /// <summary>Serves until it is told to end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync()
    {
        if (IsBackground) Detachment.LeaveSession();
        using var predecessor = Replaces is { } path ? Predecessor.Connect(path) : null;
        FrontEndServer frontEnd;
        var stop = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
        var told = new CancellationTokenSource();
        var hasReported = predecessor is null;
        using var signals = new ServeSignals(() =>
        {
            if (Volatile.Read(ref hasReported)) return stop.TrySetResult(DrainTimeout);
            // Before it has taken over, a process that is to replace another one ends alone, and the other one goes on. If it has taken over
            // meanwhile, the other one sends the stop, if there is one: an update that was only given up must not stop both.
            told.Cancel();
            return true;
        });
        try
        {
            frontEnd = await StartAsync(predecessor, told.Token);
        }
        catch (OperationCanceledException) when (told.IsCancellationRequested)
        {
            predecessor!.Report(new StartReport(null, "the new process was told to end before it served; update again"));
            return DaemonProxyCommand.Failed;
        }
        catch (Exception failure)
            when (predecessor is not null && failure is ServerStartException or ControlException or ConfigurationException)
        {
            predecessor!.Report(new StartReport(null, failure.Message));
            return DaemonProxyCommand.Failed;
        }
        // The service manager must be told of the end, whatever the reason.
        catch (Exception failure)
            when (Manager is not null && OperatingSystem.IsWindows()
            && failure is ServerStartException or ControlException or ConfigurationException)
        {
            DaemonProxyCommand.Complain(Console.Error, failure.Message);
            return DaemonProxyCommand.Failed;
        }
        catch (Exception failure) when (IsBackground && failure is ServerStartException or ControlException or ConfigurationException)
        {
            var kind = failure is ControlException { Failure: var known } ? known : ControlFailure.StartFailed;
            await Output.WriteLineAsync(
                JsonSerializer.Serialize(new StartReport(null, failure.Message, kind), ControlJson.Default.StartReport));
            return DaemonProxyCommand.Failed;
        }

        signals.FrontEnd = frontEnd;
        // The status, a thousand bytes for each route, must not be kept for as long as the front end serves.
        if (predecessor is not null)
        {
            Volatile.Write(ref hasReported, true);
            await TakePlaceAsync(predecessor, frontEnd);
        }
        else await ReportAsync(frontEnd.Status.Instance());
        if (IsBackground) Detachment.LeaveStreams();
        Manager?.Ready($"serves {string.Join(", ", frontEnd.Status.Uris)}");
        _ = Manager?.StopRequested.ContinueWith(_ => stop.TrySetResult(DrainTimeout), TaskScheduler.Default);

        var asked = await Task.WhenAny(stop.Task, frontEnd.StopRequested, frontEnd.Replaced);
        if (asked == frontEnd.Replaced)
        {
            var sooner = Task.WhenAny(stop.Task, frontEnd.StopRequested).Unwrap();
            await frontEnd.FinishAsync(frontEnd.Served.Configuration.UpdateDrainTimeout, sooner);
            return DaemonProxyCommand.Ok;
        }
        Manager?.Stopping();
        await frontEnd.StopAsync(await (Task<TimeSpan>)asked);
        return DaemonProxyCommand.Ok;
    }

    private static async Task TakePlaceAsync(Predecessor predecessor, FrontEndServer frontEnd)
    {
        predecessor.Report(new StartReport(frontEnd.Status.Instance() with { Replaced = predecessor.Processes }, null));
        await predecessor.UntilMainAsync();
        frontEnd.WatchReplaced();
    }

    private async Task ReportAsync(InstanceStatus status)
    {
        if (IsBackground)
            await Output.WriteLineAsync(JsonSerializer.Serialize(new StartReport(status, null), ControlJson.Default.StartReport));
        else if (Json)
            await Output.WriteLineAsync(JsonSerializer.Serialize(status, ControlJson.Default.InstanceStatus));
        else await Output.WriteLineAsync($"'{status.Name}' serves {string.Join(", ", status.Uris)}; Ctrl+C stops it");
        await Output.FlushAsync();
    }

    private async Task<FrontEndServer> StartAsync(Predecessor? predecessor, CancellationToken told)
    {
        // Must precede anything that could fail for lack of a descriptor and report that in the runtime's words.
        BudgetOf(workers: 0);
        using var activated = ActivationSockets.Take();
        var configuration = Configure();
        if (IsBackground) CheckOutputs(configuration);
        var budget = BudgetOf(configuration.Daemons.Where(daemon => daemon.Source != DaemonSource.Address).Sum(daemon => daemon.Processes));
        var socketThreads = SocketThreads.Use(configuration.IoThreads);
        var instance = predecessor?.TakeInstance(configuration.Name) ?? InstanceDirectory.Acquire(configuration.Name);
        EventLog log;
        OpenedAsRoot? opened = null;
        try
        {
            opened = OpenedAsRoot.Open(configuration, instance, predecessor is not null, activated);
        }
        catch (Exception failure) when (failure is ServerStartException or IOException or ControlException)
        {
            instance.Dispose();
            throw failure is IOException ? new ServerStartException(failure.Message, failure) : failure;
        }
        // A front end that has become another user has its log in a folder of that user.
        var target = LogFile is not null ? LogTarget.ToFile(Path.GetFullPath(LogFile)) : configuration.EventLog.Target
            ?? (IsBackground || Manager is not null ? LogTarget.ToFile(instance.EventLogFile) : null);
        try
        {
            var output = target is null ? LogOutputs.Terminal()
                : LogOutputs.Open(target, configuration.EventLog, "daemonproxy", TimeProvider.System);
            log = new EventLog(output, configuration.EventLogFormat, TimeProvider.System);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            opened?.Dispose();
            instance.Dispose();
            throw new ServerStartException(
                $"the event log {target} cannot be written ({failure.Message.TrimEnd('.')}); name another "
                + (LogFile is null ? "in event-log" : "with --log"), failure);
        }
        return await FrontEndServer.StartAsync(
            Configure, configuration, instance, log, target, TermsOfUpdate(), predecessor, activated, budget, socketThreads, Strict,
            predecessor?.Handover.Within ?? Within, opened, told);
    }

    // Standard output is given up once such a front end serves, and until then its one line is the report of its start.
    private static void CheckOutputs(ProxyConfiguration configuration)
    {
        var key = configuration.EventLog.Target?.Kind == LogTargetKind.StandardOutput ? "event-log"
            : configuration.AccessLog.Target?.Kind == LogTargetKind.StandardOutput ? "access-log" : null;
        if (key is not null)
            throw new ServerStartException(
                $"{key}: stdout leads nowhere from a front end in the background; run 'daemonproxy serve' where its output is kept, as a "
                + "service or in a container, or name a file");
    }

    private static ConnectionBudget BudgetOf(int workers)
    {
        try { return ConnectionBudget.OfProcess(workers); }
        catch (OpenFileLimitException refusal) { throw new ServerStartException(refusal.Message, refusal); }
    }

    private UpdateTerms TermsOfUpdate()
    {
        var obstacle = !DescriptorPassing.IsSupported ? "this system passes no open sockets on to another process; stop the front end and "
            + "start it again"
            : Environment.ProcessId == 1 ? "the front end is process 1 of its container, which ends with it; start another container, and "
            + "stop this one when that serves"
            : !IsBackground && Manager?.Announce is null ? "the front end runs in the foreground, and whoever waits for its process would "
            + "see it end; start it again, and with --detach or as a service of systemd it can be updated"
            : null;
        return new(obstacle, ThisProgram(), [.. Environment.GetCommandLineArgs().Skip(1)], KeepsStreams: !IsBackground,
            Manager?.Variables ?? new Dictionary<string, string>(), process => Manager?.Announce?.Invoke(process) ?? Task.CompletedTask);
    }

    /// <summary>How this host was started, so that it can start itself again as a daemon.</summary>
    public static string[] ThisProgram()
    {
        var program = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(program) == "dotnet"
            ? [program, Path.Combine(AppContext.BaseDirectory, "daemonproxy.dll")] : [program];
    }
}
