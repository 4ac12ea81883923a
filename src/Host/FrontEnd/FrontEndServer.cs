using System.Globalization;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Daemons;
using DaemonProxy.Embedded;
using DaemonProxy.Events;
using DaemonProxy.Host.Fleet;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Telemetry;
using DaemonProxy.Host.Update;
using DaemonProxy.Platform;
using DaemonProxy.Statistics;
using DaemonProxy.Timing;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// A running front end: the HTTP server, the configuration being served and the control socket. Created by <see cref="StartAsync"/>, which
/// completes only when every managed daemon answers; ended by <see cref="StopAsync"/>.
/// </summary>
internal sealed partial class FrontEndServer : IAsyncDisposable
{
    private static readonly TimeSpan LastAnswer = TimeSpan.FromSeconds(1);

    // For fewer, it is less than a MiB.
    private const int ManyRoutes = 200;

    private readonly Func<ProxyConfiguration> _configure;
    private readonly InstanceDirectory _instance;
    private readonly OpenedAsRoot? _opened;
    private readonly EventLog _log;
    private readonly PreciseTimeProvider _time = new();
    private readonly DaemonLauncher _launcher = new();
    private readonly FrontEndServices _services;
    private readonly ProxyApplication _application;
    private readonly StatisticsBook _statistics = new();
    private readonly FrontEndMeter _meter;
    private readonly SemaphoreSlim _restarting = new(1);
    private readonly List<Task> _retiring = [];
    private readonly TaskCompletionSource<TimeSpan> _stopRequested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HttpServer? _server;
    private HttpServer? _control;
    private RuntimePresence? _presence;
    private HttpServer? _metrics;
    private LiveCertificate? _certificate;
    private TelemetryExport? _telemetry;
    private ConnectionGate? _gate;
    private volatile bool _draining;

    private FrontEndServer(
        Func<ProxyConfiguration> configure, ProxyConfiguration configuration, InstanceDirectory instance, EventLog log,
            LogTarget? logTarget,
        ConnectionBudget budget, OpenedAsRoot? opened, UpdateTerms terms, Predecessor? predecessor, HandedSockets? activated)
    {
        _opened = opened;
        _terms = terms;
        _predecessor = predecessor;
        _activated = activated;
        _configure = configure;
        _instance = instance;
        _log = log;
        LogTarget = logTarget;
        _services = new FrontEndServices(instance, terms.Host, _launcher, log, _statistics, _time)
        {
            Budget = budget,
            LogFile = logTarget?.File,
            Fleet = configuration.Fleet is { } fleet ? new FleetMembership(fleet, log, _time) : null,
        };
        Embedded = new EmbeddedMode(
            configuration.RestrictEmbedded, configuration.PythonHome, SearchPath(configuration), configuration.Variables, OwnAddresses, log,
            _time);
        _meter = new FrontEndMeter(_statistics, () => Served.Groups);
        Status = new FrontEndStatus(this, _statistics, _time);
        _application = new ProxyApplication(new ServedConfiguration(configuration, _services), Embedded, _services, _meter);
    }

    /// <summary>Admits as many clients as connection-limit and the limit on open files allow; null when neither sets a limit.</summary>
    private ConnectionGate? GateOf(ProxyConfiguration configuration)
    {
        var most = _services.Budget.MostOfClients ?? long.MaxValue;
        if (configuration.ConnectionLimit > most)
        {
            _log.Write(EventCatalogue.ServerNotice,
                $"connection-limit is {configuration.ConnectionLimit}, and the limit on open files, {OpenFiles.Limit()}, allows {most}; "
                    + "that is what holds");
        }
        var limit = configuration.ConnectionLimit == 0 ? most : Math.Min(configuration.ConnectionLimit, most);
        return limit == long.MaxValue
            ? null : new ConnectionGate(limit, configuration.ConnectionLimitAction, _services.Budget, _log, _time);
    }

    /// <summary>
    /// The addresses that it listens on and connects to. A child that an embedded application forks keeps none of these sockets.
    /// </summary>
    private IEnumerable<string> OwnAddresses()
    {
        string[] own = [Path.GetDirectoryName(_instance.ControlSocket)!, Path.GetDirectoryName(_instance.DaemonSocket("", 0))!];
        var listening = (_server?.Addresses ?? []).Concat(_metrics?.Addresses ?? [])
            .Select(address => address.Port.ToString(CultureInfo.InvariantCulture));
        var daemons = Served.Groups.SelectMany(group => group.Options.AllAddresses)
            .Select(address => address.UnixSocket is { } socket
            ? Path.GetDirectoryName(socket)! : string.Create(CultureInfo.InvariantCulture, $"to {address.Port}"));
        return [.. own, .. listening, .. daemons];
    }

    private AccessLog? OpenAccessLog(ProxyConfiguration configuration)
    {
        if (configuration.AccessLog.Target is not { } target) return null;
        AccessLine line = configuration.AccessLogFormat == AccessLogFormat.Json
            ? new JsonAccessLine() : new CombinedAccessLine(_time.LocalTimeZone);
        try { return new AccessLog(LogOutputs.Open(target, configuration.AccessLog, "daemonproxy-access", _time), line, _log, _time); }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ServerStartException(
                $"the access log {target} cannot be written ({failure.Message.TrimEnd('.')}); give access-log a file in a folder that is "
                + "there and yours, stdout, or syslog where the system has one", failure);
        }
    }

    private void StartTelemetry(TelemetryOptions options)
    {
        _telemetry = new TelemetryExport(options, Name, FrontEndMeter.Name, _log, _time);
        if (_telemetry.Source is { } source) _application.Tracing = new RequestTracing(source, _time);
    }

    // Like the original, which adds a group's home: modules beside the configuration are found without further settings.
    private static IReadOnlyList<string> SearchPath(ProxyConfiguration configuration) =>
        configuration.File is { } file ? [.. configuration.PythonPath, Path.GetDirectoryName(file)!] : configuration.PythonPath;

    /// <summary>Where events are written to; null: the terminal.</summary>
    public LogTarget? LogTarget { get; }

    /// <summary>Completes, with the drain timeout, when a stop was requested on the control socket.</summary>
    public Task<TimeSpan> StopRequested => _stopRequested.Task;

    public string Name => _instance.Name;

    /// <summary>When it started to serve, in local time.</summary>
    public DateTime StartTime { get; private set; }

    /// <summary>Whether it accepts requests.</summary>
    public InstanceState State => _draining ? InstanceState.Draining : InstanceState.Serving;

    /// <summary>The TCP addresses it listens on.</summary>
    public IReadOnlyList<Uri> Addresses => _server!.Addresses;

    /// <summary>The address that serves <c>/metrics</c> besides the control socket; null: none.</summary>
    public Uri? MetricsAddress => _metrics?.Addresses[0];

    /// <summary>Serves and counts the requests.</summary>
    public ProxyApplication Application => _application;

    /// <summary>Reports the state of the front end.</summary>
    public FrontEndStatus Status { get; }

    /// <summary>The configuration being served.</summary>
    public ServedConfiguration Served => _application.Served;

    /// <summary>Its membership in a fleet; null: none.</summary>
    public FleetMembership? Fleet => _services.Fleet;

    /// <summary>What is wrong with the fleet and its configuration, one sentence each.</summary>
    public IReadOnlyList<string> FleetWarnings => _services.Fleet is { } fleet
        ? [.. DaemonProxy.Fleet.FleetWarnings.From(Served.Configuration), .. fleet.Failure is { } failure ? [failure] : Array.Empty<string>()]
        : [];

    /// <summary>Embedded mode: its restriction and its interpreter.</summary>
    public EmbeddedMode Embedded { get; }

    public EventLog Log => _log;

    /// <summary>The certificate of the <c>https</c> addresses; null: there is none.</summary>
    public LiveCertificate? Certificate => _certificate;

    /// <summary>The statistics for scrapers.</summary>
    public PrometheusPage Page => _meter.Page;

    /// <summary>Starts to serve. From here on the front end owns the instance directory and the log.</summary>
    /// <param name="configure">Returns the configuration to serve; called again at each restart.</param>
    /// <param name="configuration">The configuration that it returned first.</param>
    /// <param name="instance">The front end's instance directory.</param>
    /// <param name="log">Where events go.</param>
    /// <param name="logTarget">What the log writes to; null: the terminal.</param>
    /// <param name="terms">How this process is replaced by a new one; the program in it is started for daemons, too.</param>
    /// <param name="predecessor">The process that this one replaces once it serves; null: none.</param>
    /// <param name="activated">Sockets that a service manager listens on for this process; null: none.</param>
    /// <param name="budget">Counts the front end's connections.</param>
    /// <param name="strict">
    /// Whether the start fails when any daemon group does not start; otherwise it fails only when nothing would be served.
    /// </param>
    /// <param name="within">How long the daemons may take; null: as long as each group's own limit.</param>
    /// <param name="opened">What root has opened for this process, which is not root any more; null: it opens everything itself.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <exception cref="ServerStartException">An address cannot be listened on, or a daemon does not start.</exception>
    public static async Task<FrontEndServer> StartAsync(
        Func<ProxyConfiguration> configure, ProxyConfiguration configuration, InstanceDirectory instance, EventLog log,
            LogTarget? logTarget, UpdateTerms terms, Predecessor? predecessor, HandedSockets? activated,
        ConnectionBudget budget, bool strict, TimeSpan? within, OpenedAsRoot? opened, CancellationToken cancellationToken)
    {
        var frontEnd = new FrontEndServer(configure, configuration, instance, log, logTarget, budget, opened, terms, predecessor,
            activated);
        try
        {
            await frontEnd.OpenAsync(configuration, strict, within, cancellationToken);
            return frontEnd;
        }
        catch
        {
            await frontEnd.DisposeAsync();
            throw;
        }
    }

    private async Task OpenAsync(ProxyConfiguration configuration, bool strict, TimeSpan? within, CancellationToken cancellationToken)
    {
        RequireEmbeddedScripts(configuration);
        GiveBackMemoryOfReading(configuration);
        _application.AccessLog = OpenAccessLog(configuration);
        if (configuration.Telemetry is { } telemetry) StartTelemetry(telemetry);
        // Before the daemons, which take longer. Nothing waits for it.
        foreach (var warning in DaemonProxy.Fleet.FleetWarnings.From(configuration)) _log.Write(EventCatalogue.ServerNotice, warning);
        _services.Fleet?.Start();
        // Addresses come first: a port in use is reported before any daemon has been started in vain.
        _server = await HttpServer.StartAsync(ServerOptions(configuration), _application, cancellationToken);
        if (configuration.MetricsListen is { } listen)
            _metrics = await HttpServer.StartAsync(
                new HttpServerOptions
                {
                    Listen = [listen],
                    Open = _opened?.Metrics,
                    Handed = _predecessor?.Metrics ?? _activated,
                    Opening = _opening.Task,
                },
                new MetricsApplication(Page), cancellationToken);
        _predecessor?.CloseUnnamed();
        if (_activated?.Left is [var unnamed, ..])
            throw new ServerStartException(
                $"the service manager listens on {unnamed.EndPoint} for this front end, and listen names no such address; name it there, "
                + "or leave it out of the service manager's socket unit");
        if (_predecessor is null) _opening.SetResult();
        // What the process to be replaced serves, this one has to serve as well.
        var mayFail = _predecessor is null ? null : _predecessor.Handover.Failed ?? [];
        var daemons = Served.StartAsync(strict, mayFail is null ? null : mayFail.Contains, within, cancellationToken);
        await Embedded.NeedAsync(configuration.HasEmbedded);
        await daemons;
        StartTime = _time.GetUtcNow().LocalDateTime;
        // Up to here, whoever ends this process changes nothing for the one that serves.
        cancellationToken.ThrowIfCancellationRequested();
        _opened?.Control!.Socket.Listen(ListenSockets.Backlog);
        _control = await OpenControlAsync(_predecessor?.TakeControl() ?? _opened?.Control, cancellationToken);
        TakeOver();
        // A front end that has given up being root could make nothing again where root has its folder.
        if (_opened is null && !_instance.IsRoots) _presence = new RuntimePresence(_instance, _log, _time, RestoreAsync);
        _log.Write(EventCatalogue.FrontEndStarted, string.Join(", ", _server.Addresses), ("pid", Environment.ProcessId),
            ("configuration", configuration.File), ("replaces", _predecessor?.Handover.ProcessId));
    }

    /// <summary>
    /// Reading leaves more than twice the memory of what was read behind, which the process would keep for as long as it lives. Before
    /// anything is served, a collection disturbs nobody.
    /// </summary>
    private static void GiveBackMemoryOfReading(ProxyConfiguration configuration)
    {
        if (configuration.Routes.Count >= ManyRoutes) GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    private static void RequireEmbeddedScripts(ProxyConfiguration configuration)
    {
        if (DeploymentCheck.EmbeddedScripts(configuration).FirstOrDefault() is { } missing) throw new ServerStartException(missing.Message);
    }

    private Task<HttpServer> OpenControlAsync(ListenSocket? open, CancellationToken cancellationToken)
    {
        if (open is null)
        {
            open = UnixListenSocket.BindLasting(_instance.ControlSocket);
            open.Socket.Listen(ListenSockets.Backlog);
        }
        return HttpServer.StartAsync(
            new HttpServerOptions { Open = [open], MaxRequestBodySize = 65_536 }, new ControlApplication(this), cancellationToken);
    }

    // While a process is being started that is to take this one's place, folder, lock and control socket are those that it was passed.
    private async Task RestoreAsync(CancellationToken cancellationToken)
    {
        await _restarting.WaitAsync(cancellationToken);
        try
        {
            if (_instance.IsThere) return;
            _instance.Restore();
            await ReopenControlAsync(cancellationToken);
        }
        finally { _restarting.Release(); }
    }

    /// <summary>Opens the control socket and the sockets of the managed workers anew, in an instance folder that was made again.</summary>
    private async Task ReopenControlAsync(CancellationToken cancellationToken)
    {
        if (_control is not null) await _control.DisposeAsync();
        _control = await OpenControlAsync(null, cancellationToken);
        ReopenLogs();
        _log.Write(EventCatalogue.RuntimeDirectoryRestored, _instance.Path);
        foreach (var group in Served.Groups.Where(group => group.Options.Source != DaemonSource.Address))
            await Served.RestartAsync(group, within: null, cancellationToken);
    }

    private HttpServerOptions ServerOptions(ProxyConfiguration configuration)
    {
        _certificate = configuration.Tls is { } tls
            ? new LiveCertificate(tls, _log, _time, _opened?.Certificate ?? _predecessor?.CertificateOf(tls)) : null;
        if (_certificate?.Current.Warning is { } warning) _log.Write(EventCatalogue.ServerNotice, warning);
        if (_certificate?.RenewalWarning is { } unreadable) _log.Write(EventCatalogue.ServerNotice, unreadable);
        return new()
        {
            Listen = configuration.Listen,
            Open = _opened?.Listen,
            Handed = _predecessor?.Listen ?? _activated,
            Opening = _opening.Task,
            Gate = _gate = GateOf(configuration),
            Certificate = _certificate,
            MaxRequestBodySize = configuration.LimitRequestBody == 0 ? null : configuration.LimitRequestBody,
            Limits = limits => ClientLimiting.Set(limits, configuration.ClientLimits),
            HandshakeTimeout = configuration.ClientLimits.ClientHeaderTimeout,
            Refused = failure => _log.Write(RefusedRequest.Reason(failure), failure.Message),
            Log = (_, message, cause) => _log.Write(EventCatalogue.ServerNotice, cause is null ? message : $"{message} {cause.Message}"),
        };
    }

    /// <summary>Reads the configuration again, starts its daemons, and switches over to it once all of them serve.</summary>
    /// <exception cref="ConfigurationException">The configuration has mistakes; the current one stays in service.</exception>
    /// <exception cref="ServerStartException">
    /// The configuration changes something that only a new start can change, its certificate cannot be used, or a daemon does not start;
    /// the current one stays in service.
    /// </exception>
    /// <param name="within">How long the new daemons may take; null: as long as each group's own limit.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    public async Task RestartAsync(TimeSpan? within, CancellationToken cancellationToken)
    {
        await _restarting.WaitAsync(cancellationToken);
        try
        {
            if (IsReplaced) throw new ServerStartException($"this process of '{Name}' has been replaced; ask again");
            var wanted = await Task.Run(_configure, cancellationToken);
            RequireEmbeddedScripts(wanted);
            if (FixedAtStart.Change(Served.Configuration, wanted) is { } change) throw new ServerStartException(change);
            var certificate = wanted.Tls is { } tls ? _certificate?.LoadChanged(tls) : null;
            var next = new ServedConfiguration(wanted, _services);
            try { await next.StartAsync(strict: false, Served.IsFailed, within, cancellationToken); }
            catch
            {
                await next.DisposeAsync();
                throw;
            }
            var previous = Served;
            next.TakeOver(previous);
            _application.Served = next;
            if (certificate is not null) _certificate!.Use(certificate);
            next.CountReplaced(previous);
            if (wanted.RestrictEmbedded != previous.Configuration.RestrictEmbedded) Embedded.Setting = wanted.RestrictEmbedded;
            await Embedded.NeedAsync(wanted.HasEmbedded);
            ReopenLogs();
            _log.Write(EventCatalogue.ConfigurationReloaded, wanted.File ?? "");
            _retiring.RemoveAll(task => task.IsCompleted);
            _retiring.Add(previous.RetireAsync());
        }
        finally
        {
            _restarting.Release();
        }
    }

    /// <summary>Reopens the logs by name, after log rotation has moved the old files away.</summary>
    public void ReopenLogs()
    {
        _log.Reopen();
        _application.AccessLog?.Reopen();
    }

    /// <summary>
    /// Asks the caller that runs this front end to stop it. When another process has replaced this one, that is asked as well: the request
    /// came by a connection from before, and means the front end.
    /// </summary>
    public void RequestStop(TimeSpan drainTimeout)
    {
        _stopRequested.TrySetResult(drainTimeout);
        if (IsReplaced) _ = _successor!.StopAsync(drainTimeout);
    }

    /// <summary>
    /// Stops the front end, whichever process serves: stops accepting connections, finishes the requests in flight, and ends the daemons.
    /// </summary>
    /// <param name="drainTimeout">Requests still in flight after this time are aborted.</param>
    public async Task StopAsync(TimeSpan drainTimeout)
    {
        await EndUpdateAsync();
        // The new process had taken over before the update could be broken off.
        if (IsReplaced) await _successor!.StopAsync(drainTimeout);
        await FinishAsync(drainTimeout, sooner: null);
    }

    /// <summary>The same for this process alone, which another one has replaced.</summary>
    /// <param name="drainTimeout">Requests still in flight after this time are aborted.</param>
    /// <param name="sooner">Completes, with another drain timeout, when somebody does not want to wait as long; null: never.</param>
    public async Task FinishAsync(TimeSpan drainTimeout, Task<TimeSpan>? sooner)
    {
        _draining = true;
        using var limit = new CancellationTokenSource(drainTimeout);
        _ = sooner is null ? null : ShortenAsync(limit, sooner);
        var others = StopReplacedAsync(drainTimeout);
        if (IsReplaced) await EndIdleConnectionsAsync(limit.Token);
        if (_server is not null) await _server.StopAsync(limit.Token);
        _log.Write(EventCatalogue.FrontEndStopped,
            limit.IsCancellationRequested ? $"what was in flight after {drainTimeout.TotalSeconds:0.###} s was broken off" : "");
        await others;
        await DisposeAsync();
    }

    /// <summary>Aborts the requests in flight, ends the daemons, and leaves no socket, process or lock behind.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_presence is not null) await _presence.DisposeAsync();
        if (_server is not null) await _server.DisposeAsync();
        if (_metrics is not null) await _metrics.DisposeAsync();
        await Task.WhenAll([Served.DisposeAsync().AsTask(), .. _retiring]);
        if (_services.Fleet is { } fleet) await fleet.DisposeAsync();
        _launcher.Dispose();
        await Embedded.DisposeAsync();
        if (_control is not null)
        {
            // The answer to the request that stopped it all may still be on its way.
            using var limit = new CancellationTokenSource(LastAnswer);
            await _control.StopAsync(limit.Token);
            await _control.DisposeAsync();
        }
        _opened?.Dispose();
        _certificate?.Dispose();
        if (_telemetry is not null) await _telemetry.DisposeAsync();
        _meter.Dispose();
        _application.AccessLog?.Dispose();
        _log.Dispose();
        _instance.Dispose();
        DisposeSuccession();
        _restarting.Dispose();
        _time.Dispose();
    }
}
