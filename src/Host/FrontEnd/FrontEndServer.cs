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
using DaemonProxy.Relay;
using DaemonProxy.Statistics;
using DaemonProxy.Timing;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// A running front end: the HTTP server, the configuration being served and the control socket. Created by <see cref="StartAsync"/>, which
/// completes only when every managed daemon answers; ended by <see cref="StopAsync"/>.
/// </summary>
internal sealed partial class FrontEndServer : IAsyncDisposable
{
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
    private readonly ControlEndpoint _control;
    private HttpServer? _server;
    private RuntimePresence? _presence;
    private HttpServer? _metrics;
    private LiveCertificate? _certificate;
    private TelemetryExport? _telemetry;
    private ConnectionGate? _gate;
    private volatile bool _draining;

    private FrontEndServer(
        Func<ProxyConfiguration> configure, ProxyConfiguration configuration, InstanceDirectory instance, EventLog log,
            LogTarget? logTarget,
        ConnectionBudget budget, int socketThreads, OpenedAsRoot? opened, UpdateTerms terms, Predecessor? predecessor,
            HandedSockets? activated)
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
            Turns = new SocketTurns(socketThreads),
            LogFile = logTarget?.File,
            Fleet = configuration.Fleet is { } fleet ? new FleetMembership(fleet, log, _time) : null,
        };
        Embedded = new EmbeddedMode(
            configuration.RestrictEmbedded, configuration.PythonHome, SearchPath(configuration), configuration.Variables, OwnAddresses, log,
            _time);
        _meter = new FrontEndMeter(_statistics, () => Served.Groups);
        Status = new FrontEndStatus(this, _statistics, _time);
        _control = new ControlEndpoint(this, instance);
        _application = new ProxyApplication(new ServedConfiguration(configuration, _services), Embedded, _services, _meter);
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
        ? [.. DaemonProxy.Fleet.FleetWarnings.From(Served.Configuration),
        .. fleet.Failure is { } failure ? [failure] : Array.Empty<string>()]
        : [];

    /// <summary>Embedded mode: its restriction and its interpreter.</summary>
    public EmbeddedMode Embedded { get; }

    public EventLog Log => _log;

    /// <summary>The certificate of the <c>https</c> addresses; null: there is none.</summary>
    public LiveCertificate? Certificate => _certificate;

    /// <summary>The statistics for scrapers.</summary>
    public PrometheusPage Page => _meter.Page;

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
        await _control.ReopenAsync(cancellationToken);
        ReopenLogs();
        _log.Write(EventCatalogue.RuntimeDirectoryRestored, _instance.Path);
        foreach (var group in Served.Groups.Where(group => group.Options.Source != DaemonSource.Address))
            await Served.RestartAsync(group, within: null, cancellationToken);
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
            // What the configuration has left out, or one that did not get ready would have had.
            _meter.KeepOnly(Served.Groups.Select(group => group.Options.Name), Served.Routes.Routes.Select(route => route.Options.Path));
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
        _services.Turns.Dispose();
        await Embedded.DisposeAsync();
        await _control.DisposeAsync();
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
