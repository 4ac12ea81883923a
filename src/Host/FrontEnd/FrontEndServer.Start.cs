using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Embedded;
using DaemonProxy.Events;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Telemetry;
using DaemonProxy.Host.Update;
using DaemonProxy.Platform;

namespace DaemonProxy.Host.FrontEnd;

/// <content>How a front end starts: it opens its addresses, starts its daemons, and opens its control socket once all of them
/// serve.</content>
internal sealed partial class FrontEndServer
{
    // For fewer, it is less than a MiB.
    private const int ManyRoutes = 200;

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
    /// <param name="socketThreads">The number of threads on which sockets' continuations run; 0: they run on the pool.</param>
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
        ConnectionBudget budget, int socketThreads, bool strict, TimeSpan? within, OpenedAsRoot? opened,
            CancellationToken cancellationToken)
    {
        var frontEnd = new FrontEndServer(
            configure, configuration, instance, log, logTarget, budget, socketThreads, opened, terms, predecessor,
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
        await _control.OpenAsync(_predecessor?.TakeControl() ?? _opened?.Control, cancellationToken);
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
        if (configuration.Routes.Count >= ManyRoutes)
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    private static void RequireEmbeddedScripts(ProxyConfiguration configuration)
    {
        if (DeploymentCheck.EmbeddedScripts(configuration).FirstOrDefault() is { } missing) throw new ServerStartException(missing.Message);
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
            Budget = _services.Budget,
            Certificate = _certificate,
            MaxRequestBodySize = configuration.LimitRequestBody == 0 ? null : configuration.LimitRequestBody,
            Limits = limits => ClientLimiting.Set(limits, configuration.ClientLimits),
            HandshakeTimeout = configuration.ClientLimits.ClientHeaderTimeout,
            Refused = failure => _log.Write(RefusedRequest.Reason(failure), failure.Message),
            Log = (_, message, cause) => _log.Write(EventCatalogue.ServerNotice, cause is null ? message : $"{message} {cause.Message}"),
        };
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
        _telemetry = new TelemetryExport(options, Name, [FrontEndMeter.Name, PrometheusPage.RuntimeMeter], _log, _time);
        if (_telemetry.Source is { } source) _application.Tracing = new RequestTracing(source, _time);
    }
}
