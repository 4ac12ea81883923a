using System.Reflection;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Daemons;
using DaemonProxy.Embedded;
using DaemonProxy.Events;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Relay;
using DaemonProxy.Timing;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// A front end that serves: the HTTP server, the daemons it manages, the control socket. Made by <see cref="StartAsync"/>, which has done its
/// work only when every managed daemon answers; ended by <see cref="StopAsync"/>.
/// </summary>
internal sealed class FrontEndServer : IAsyncDisposable
{
    // A daemon that needs longer says so with startup-timeout.
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private readonly ProxyConfiguration _configuration;
    private readonly InstanceDirectory _instance;
    private readonly EventLog _log;
    private readonly PreciseTimeProvider _time = new();
    private readonly List<DaemonGroup> _groups = [];
    private readonly Dictionary<string, GroupSupervisor> _managed = [];
    private readonly DaemonLauncher _launcher = new();
    private readonly RouteTable _routes;
    private readonly ProxyApplication _application;
    private readonly TaskCompletionSource<TimeSpan> _stopRequested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DateTimeOffset _startTime;
    private HttpServer? _server;
    private HttpServer? _control;
    private volatile bool _draining;

    private FrontEndServer(ProxyConfiguration configuration, InstanceDirectory instance, EventLog log, string? logFile, IReadOnlyList<string> host)
    {
        _configuration = configuration;
        _instance = instance;
        _log = log;
        LogFile = logFile;
        foreach (var options in configuration.Daemons)
        {
            var group = new DaemonGroup(options, _time);
            _groups.Add(group);
            if (options.Source == DaemonSource.Address) continue;
            var number = 0L;
            DaemonCommand Next(bool requireLoad) => DaemonCommand.Of(options, instance.DaemonSocket(options.Name, Interlocked.Increment(ref number)), host, requireLoad);
            _managed.Add(options.Name, new GroupSupervisor(group, Next(false).Program, Next, _launcher, log, _time));
        }
        _routes = new RouteTable(configuration.Routes.Select(route => new Route(route, _groups.Find(group => group.Options.Name == route.Daemon))));
        Embedded = new EmbeddedMode(
            configuration.RestrictEmbedded, configuration.Routes.Any(route => route.Application is not null), configuration.PythonHome, SearchPath(configuration), log, _time);
        _application = new ProxyApplication(_routes, Embedded, log, _time);
    }

    // As the original puts a group's home there: modules beside the configuration are found without another word.
    private static IReadOnlyList<string> SearchPath(ProxyConfiguration configuration) =>
        configuration.File is { } file ? [.. configuration.PythonPath, Path.GetDirectoryName(file)!] : configuration.PythonPath;

    /// <summary>The file that events go to; null: the terminal.</summary>
    public string? LogFile { get; }

    /// <summary>Completes, with the drain timeout, when the front end was asked on its control socket to stop.</summary>
    public Task<TimeSpan> StopRequested => _stopRequested.Task;

    /// <summary>The routes being served.</summary>
    public RouteTable Routes => _routes;

    /// <summary>The daemon groups.</summary>
    public IReadOnlyList<DaemonGroup> Groups => _groups;

    /// <summary>Embedded mode: its restriction, its interpreter.</summary>
    public EmbeddedMode Embedded { get; }

    /// <summary>Where events go.</summary>
    public EventLog Log => _log;

    /// <summary>Starts to serve. The instance directory and the log belong to the front end from here on.</summary>
    /// <param name="configuration">What to serve.</param>
    /// <param name="instance">Its folder.</param>
    /// <param name="log">Where events go.</param>
    /// <param name="logFile">The file behind the log; null: none.</param>
    /// <param name="host">Program and first arguments that start this host again, for daemons.</param>
    /// <param name="cancellationToken">Gives up the start.</param>
    /// <exception cref="ServerStartException">An address cannot be listened on, or a daemon does not start.</exception>
    public static async Task<FrontEndServer> StartAsync(
        ProxyConfiguration configuration, InstanceDirectory instance, EventLog log, string? logFile, IReadOnlyList<string> host, CancellationToken cancellationToken)
    {
        var frontEnd = new FrontEndServer(configuration, instance, log, logFile, host);
        try
        {
            await frontEnd.OpenAsync(cancellationToken).ConfigureAwait(false);
            return frontEnd;
        }
        catch
        {
            await frontEnd.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        // The addresses first: a port in use is told before any daemon has been started for nothing.
        _server = await HttpServer.StartAsync(ServerOptions(), _application, cancellationToken).ConfigureAwait(false);
        try
        {
            foreach (var daemon in _managed.Values) daemon.Start();
            await Embedded.StartAsync().ConfigureAwait(false);
            foreach (var group in _groups)
            {
                if (!_managed.TryGetValue(group.Options.Name, out var daemon)) continue;
                var limit = group.Options.StartupTimeout > TimeSpan.Zero ? group.Options.StartupTimeout : StartLimit;
                try { await daemon.FirstReady.WaitAsync(limit, cancellationToken).ConfigureAwait(false); }
                catch (TimeoutException)
                {
                    throw new ServerStartException($"daemon group '{group.Options.Name}' does not listen on its socket after {limit.TotalSeconds:0.###} s; "
                        + "make it listen at the path that {socket} in its command stands for, or raise startup-timeout");
                }
            }
        }
        catch (DaemonStartException failure)
        {
            throw new ServerStartException(failure.Message, failure);
        }
        _startTime = _time.GetUtcNow();
        _control = await HttpServer.StartAsync(
            new HttpServerOptions { UnixSocket = _instance.ControlSocket, MaxRequestBodySize = 65_536 }, new ControlApplication(this), cancellationToken).ConfigureAwait(false);
        _log.Write(EventCatalogue.FrontEndStarted, string.Join(", ", _server.Addresses), ("pid", Environment.ProcessId), ("configuration", _configuration.File));
    }

    private HttpServerOptions ServerOptions()
    {
        var certificate = _configuration.Tls is { } tls ? ServerCertificate.Load(tls, _time.GetUtcNow()) : null;
        if (certificate?.Warning is { } warning) _log.Write(EventCatalogue.ServerNotice, warning);
        return new()
        {
            Listen = _configuration.Listen,
            Certificate = certificate,
            MaxRequestBodySize = _configuration.LimitRequestBody == 0 ? null : _configuration.LimitRequestBody,
            Log = (_, message, cause) => _log.Write(EventCatalogue.ServerNotice, cause is null ? message : $"{message} {cause.Message}"),
        };
    }

    /// <summary>What the front end says of itself.</summary>
    public InstanceStatus Status() => new()
    {
        Name = _instance.Name,
        ProcessId = Environment.ProcessId,
        StartTime = _startTime,
        State = _draining ? InstanceState.Draining : InstanceState.Serving,
        Uri = _server!.Addresses,
        ConfigurationFile = _configuration.File,
        ConfigurationHash = _configuration.Hash,
        LogFile = LogFile,
        Version = typeof(FrontEndServer).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0],
        RestrictEmbedded = Embedded.Setting,
        Python = Embedded.Python,
        ActiveRequests = _application.ActiveRequests,
        Requests = _application.Requests,
        Daemons = [.. _groups.Select(Status)],
        Routes = [.. _routes.Routes.Select(route => route.Status())],
    };

    /// <summary>What is to be said of a daemon group.</summary>
    public DaemonStatus Status(DaemonGroup group)
    {
        var daemon = _managed.GetValueOrDefault(group.Options.Name);
        var policy = group.Policy.Current;
        var flushes = group.Flushes;
        return new()
        {
            Name = group.Options.Name,
            Source = group.Options.Source,
            Application = group.Options.Application,
            State = daemon?.State ?? DaemonState.External,
            Address = group.Options.Address?.ToString(),
            Workers = daemon?.Workers ?? [],
            Restarts = daemon?.Restarts ?? 0,
            RestartsByReason = daemon?.RestartsByReason ?? new Dictionary<string, long>(),
            ActiveRequests = group.Queue.Active,
            WaitingRequests = group.Queue.Waiting,
            FlushDelay = policy.FlushDelay,
            BufferSize = policy.BufferSize,
            FlushDeadline = policy.FlushDeadline,
            Flushes = new(flushes[FlushReason.Idle], flushes[FlushReason.Deadline], flushes[FlushReason.Guard], flushes[FlushReason.End]),
        };
    }

    /// <summary>Asks whoever runs this front end to stop it.</summary>
    public void RequestStop(TimeSpan drainTimeout) => _stopRequested.TrySetResult(drainTimeout);

    /// <summary>Takes no new connections, finishes what is in flight, ends the daemons.</summary>
    /// <param name="drainTimeout">What is in flight after this is broken off.</param>
    public async Task StopAsync(TimeSpan drainTimeout)
    {
        _draining = true;
        using var limit = new CancellationTokenSource(drainTimeout);
        if (_server is not null) await _server.StopAsync(limit.Token).ConfigureAwait(false);
        _log.Write(EventCatalogue.FrontEndStopped, limit.IsCancellationRequested ? $"what was in flight after {drainTimeout.TotalSeconds:0.###} s was broken off" : "");
        await DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Breaks off what is in flight, ends the daemons, and leaves no socket, process or lock.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync().ConfigureAwait(false);
        foreach (var group in _groups) group.Dispose();
        await Task.WhenAll(_managed.Values.Select(daemon => daemon.DisposeAsync().AsTask())).ConfigureAwait(false);
        _launcher.Dispose();
        await Embedded.DisposeAsync().ConfigureAwait(false);
        if (_control is not null) await _control.DisposeAsync().ConfigureAwait(false);
        _log.Dispose();
        _instance.Dispose();
        _time.Dispose();
    }
}
