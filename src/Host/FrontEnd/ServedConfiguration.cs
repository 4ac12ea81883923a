using System.Collections.Concurrent;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using DaemonProxy.Host.Fleet;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Wsgi;
using DaemonProxy.Pacing;
using DaemonProxy.Platform;
using DaemonProxy.Relay;
using DaemonProxy.Statistics;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>The services of the front end that a served configuration needs.</summary>
/// <param name="Instance">The instance directory, which holds the sockets.</param>
/// <param name="Host">The program and first arguments that start this host again, for daemons.</param>
/// <param name="Launcher">Starts the daemons.</param>
/// <param name="Log">Receives the events.</param>
/// <param name="Statistics">The front end's counts.</param>
/// <param name="Time">The clock.</param>
internal sealed record FrontEndServices(
    InstanceDirectory Instance, IReadOnlyList<string> Host, DaemonLauncher Launcher, EventLog Log, StatisticsBook Statistics,
        TimeProvider Time)
{
    private long _sockets;

    /// <summary>The number of paced responses, across all limits and configurations.</summary>
    public PacingLoad Pacing { get; } = new();

    /// <summary>Turns on the threads that serve the sockets.</summary>
    public required SocketTurns Turns { get; init; }

    /// <summary>The file that events are written to; null: the terminal.</summary>
    public string? LogFile { get; init; }

    /// <summary>The front end's membership in a fleet; null: none is configured.</summary>
    public FleetMembership? Fleet { get; init; }

    /// <summary>The front end's connections, to clients and to daemons.</summary>
    public required ConnectionBudget Budget { get; init; }

    /// <summary>Builds the command of a group's next process, with a socket that no other daemon of this front end has had.</summary>
    /// <param name="group">The group.</param>
    /// <param name="requireLoad">Whether the process ends when it cannot load its application.</param>
    /// <param name="secret">The secret that each request to a WSGI worker carries.</param>
    /// <exception cref="IOException">
    /// The socket's path is longer than the system allows, its folder cannot be made, or there is no such user.
    /// </exception>
    public DaemonCommand NextCommand(DaemonGroupOptions group, bool requireLoad, string secret)
    {
        var account = ProcessAccount.Find(group.Identity);
        var number = Interlocked.Increment(ref _sockets);
        try
        {
            // A command opens its socket itself, as its own user. Only root can take on another user; others are told so by the shim.
            if (account is null || group.Source != DaemonSource.Command || FileOwner.CurrentUser != 0)
                return DaemonCommand.From(group, Instance.DaemonSocket(group.Name, number), Host, requireLoad, secret, account);
            var (socket, claim) = Instance.UserSocket(group.Name, number, account);
            return DaemonCommand.From(group, socket, Host, requireLoad, secret, account) with { Claim = claim };
        }
        catch (ControlException failure) { throw new IOException(failure.Message, failure); }
    }
}

/// <summary>
/// A configuration being served: its daemon groups, their processes and the routes to them. A restart creates another one beside it and
/// switches over once all of its daemons serve. A configuration that does not start therefore changes nothing, and no request is without a
/// daemon.
/// </summary>
internal sealed class ServedConfiguration : IAsyncDisposable
{
    // A worker that is late by startup-timeout reports that itself, once it has been ended.
    private static readonly TimeSpan ReportLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan DrainPoll = TimeSpan.FromMilliseconds(20);

    // A request that chose its group at the moment of the switch is still on its way.
    private static readonly TimeSpan ShortestGrace = TimeSpan.FromSeconds(1);

    private readonly FrontEndServices _services;
    private readonly OrderedDictionary<string, DaemonGroup> _groups = [];
    private readonly Dictionary<string, GroupSupervisor> _managed = [];
    private readonly Dictionary<string, ExternalGroupHealth> _external = [];
    private readonly ConcurrentDictionary<string, string> _failures = [];
    private readonly IReadOnlyList<(EventDefinition Reason, string Message, string Group)> _warnings;

    /// <summary>Creates the configuration without starting anything.</summary>
    public ServedConfiguration(ProxyConfiguration configuration, FrontEndServices services)
    {
        Configuration = configuration;
        _warnings = [.. GroupWarnings.From(configuration)];
        _services = services;
        foreach (var options in configuration.Daemons)
        {
            var group = new DaemonGroup(options, services.Time, services.Statistics.Group(options.Name), services.Budget, services.Turns,
                options.Source == DaemonSource.Application ? secret =>
                    WsgiConnection.ForHealthCheck(secret, services.Time.GetUtcNow()) : null);
            _groups.Add(options.Name, group);
            group.AddressChanged = (address, reason) => services.Log.Write(
                reason is null ? EventCatalogue.AddressBack : EventCatalogue.AddressLeftOut,
                reason is null ? $"{address}" : $"{address}: {reason}", ("daemon", options.Name));
            if (options.Source == DaemonSource.Address)
            {
                if (options.HealthCheck is not null)
                    _external.Add(options.Name, new ExternalGroupHealth(group, services.Log, services.Time));
                continue;
            }
            _managed.Add(options.Name, new GroupSupervisor(group, DaemonCommand.ProgramOf(options),
                requireLoad => services.NextCommand(options, requireLoad, group.Secret), services.Launcher, services.Log, services.Time));
        }
        RateLimitSet LimitsOf(RateDirection direction) =>
            new(direction, configuration.RateLimits.Where(limit => limit.Direction == direction), services.Time, services.Pacing,
                "", services.Fleet?.Member);
        Limits = LimitsOf(RateDirection.Download);
        UploadLimits = LimitsOf(RateDirection.Upload);
        Routes = new RouteTable(
            configuration.Routes.Select(
            route => new Route(
            route, route.Daemon is { } name ? GroupOf(name) : null, Limits, UploadLimits, services.Statistics, services.Time,
            services.Pacing, services.Fleet?.Member)));
    }

    public ProxyConfiguration Configuration { get; }

    /// <summary>
    /// Deviations of the service from what the configuration may seem to say, and the groups that could not be started, until they have
    /// recovered.
    /// </summary>
    public IEnumerable<string> Warnings =>
    [
        .. _warnings.Select(warning => warning.Message),
        .. Groups.Where(group => IsFailed(group.Options.Name)).Select(group => _failures[group.Options.Name]),
    ];

    /// <summary>The groups that could not be started and have not recovered.</summary>
    public IReadOnlyList<string> Failed => [.. _failures.Keys.Where(IsFailed)];

    /// <summary>Whether a group could not be started and has not recovered.</summary>
    public bool IsFailed(string group) => _failures.ContainsKey(group)
        && !(_managed.TryGetValue(group, out var daemon) ? daemon.HasRecovered : _external[group].State == DaemonState.Ready);

    /// <summary>The limits of responses that apply to every route.</summary>
    public RateLimitSet Limits { get; }

    /// <summary>The limits of uploads that apply to every route.</summary>
    public RateLimitSet UploadLimits { get; }

    public RouteTable Routes { get; }

    public IReadOnlyList<DaemonGroup> Groups => _groups.Values;

    /// <summary>
    /// Starts the daemons and waits until every one of them serves: it listens, has loaded its application, and is healthy. A group that
    /// fails to start does not stop the others from being served: the failure is logged and the start retried. While an application cannot
    /// be loaded, each of its requests gets a 500. The start fails when nothing at all would be served.
    /// </summary>
    /// <param name="strict">Whether the start fails when any group does not start.</param>
    /// <param name="mayFail">
    /// Whether a group may fail, because it does not work in what is served until then; null: nothing is served until then, and any may.
    /// </param>
    /// <param name="within">How long the daemons may take; null: as long as each group's own limit.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <exception cref="ServerStartException">A group that must start does not.</exception>
    public async Task StartAsync(bool strict, Func<string, bool>? mayFail, TimeSpan? within, CancellationToken cancellationToken)
    {
        foreach (var (reason, message, group) in _warnings) _services.Log.Write(reason, message, ("daemon", group));
        foreach (var daemon in _managed.Values) daemon.Start();
        foreach (var server in _external.Values) server.Start();
        List<(string Group, Task Ready)> starts =
        [
            .. _managed.Select(daemon => (daemon.Key,
                ReadyAsync(daemon.Value.FirstReady, daemon.Value.Options, daemon.Value, null, within, cancellationToken))),
            .. _external.Select(server => (server.Key,
                ReadyAsync(server.Value.FirstReady, _groups[server.Key].Options, null, server.Value, within, cancellationToken))),
        ];
        ServerStartException? first = null;
        foreach (var (group, ready) in starts)
        {
            try { await ready; }
            catch (ServerStartException failure)
            {
                // A new group must start: whoever added it is waiting for the answer.
                if (strict || (mayFail is not null && !mayFail(group))) throw;
                first ??= failure;
                _failures[group] = failure.Message;
            }
        }
        if (first is not null && _failures.Count == _groups.Count && !Configuration.HasEmbedded) throw first;
        foreach (var (group, message) in _failures) _services.Log.Write(EventCatalogue.GroupNotStarted, message, ("daemon", group));
    }

    /// <summary>The group of that name; null: there is none.</summary>
    public DaemonGroup? GroupOf(string name) => _groups.GetValueOrDefault(name);

    private async Task ReadyAsync(
        Task ready, DaemonGroupOptions options, GroupSupervisor? daemon, ExternalGroupHealth? server, TimeSpan? within,
        CancellationToken cancellationToken)
    {
        var limit = within < options.StartLimit ? within.Value
            : options.StartupTimeout > TimeSpan.Zero ? options.StartLimit + ReportLimit : options.StartLimit;
        try
        {
            await ready.WaitAsync(limit, cancellationToken);
        }
        catch (DaemonStartException failure)
        {
            throw new ServerStartException(failure.Message + Log(), failure);
        }
        catch (TimeoutException)
        {
            var lastWords = daemon?.LastLine is { } line ? $"; the last it wrote: {line}" : "";
            throw new ServerStartException($"daemon group '{options.Name}' " + ((daemon?.Obstacle ?? server?.Obstacle) is { } unhealthy
                ? $"is not healthy after {limit.TotalSeconds:0.###} s: {unhealthy}{lastWords}"
                : $"does not serve on its socket after {limit.TotalSeconds:0.###} s{lastWords}; "
                + (options.Source == DaemonSource.Command
                ? "make it listen at the path that {socket} in its command stands for, or raise startup-timeout"
                : "raise startup-timeout if it just needs longer")) + Log());
        }
        string Log() => _services.LogFile is { } log ? $"; its output is in {log}" : "";
    }

    /// <summary>Replaces the workers of one group, closing each only after its replacement serves.</summary>
    /// <param name="group">The group.</param>
    /// <param name="within">How long the new workers may take; null: as long as the group's own limit.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <exception cref="ServerStartException">The new workers do not serve; the old ones continue to.</exception>
    public async Task RestartAsync(DaemonGroup group, TimeSpan? within, CancellationToken cancellationToken)
    {
        if (!_managed.TryGetValue(group.Options.Name, out var daemon))
        {
            throw new ServerStartException(
                $"daemon group '{group.Options.Name}' is a server that somebody else runs at "
                    + $"{string.Join(", ", group.Options.AllAddresses)}; "
                + "restart it there");
        }
        using var withdraw = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await ReadyAsync(daemon.RestartAsync(withdraw.Token), group.Options, daemon, null, within, cancellationToken);
        }
        catch
        {
            await withdraw.CancelAsync();
            throw;
        }
    }

    /// <summary>Takes over what the previous configuration knows of servers that somebody else runs, before this one serves.</summary>
    public void TakeOver(ServedConfiguration previous)
    {
        foreach (var group in Groups)
        {
            if (previous.GroupOf(group.Options.Name) is { } before) group.TakeOver(before);
        }
    }

    /// <summary>
    /// Counts the workers that replace another configuration's workers, in the same way as workers replaced within one group.
    /// </summary>
    public void CountReplaced(ServedConfiguration previous)
    {
        foreach (var group in Groups.Where(
            group => _managed.ContainsKey(group.Options.Name) && previous._managed.ContainsKey(group.Options.Name)))
        {
            for (var worker = 0; worker < group.Options.Processes; worker++) group.Statistics.Restarts.Count(RestartReason.Operator);
        }
    }

    /// <summary>
    /// Ends the daemons when their requests are finished or eviction-timeout has passed; another configuration has taken over.
    /// </summary>
    public async Task RetireAsync()
    {
        await Task.WhenAll(Groups.Select(DrainAsync));
        await DisposeAsync();
    }

    private async Task DrainAsync(DaemonGroup group)
    {
        var start = _services.Time.GetTimestamp();
        var grace = group.Options.EvictionTimeout ?? group.Options.GracefulTimeout;
        if (grace < ShortestGrace) grace = ShortestGrace;
        // Hundreds of groups that are idle must not all look every 20 ms in the meantime.
        await Task.Delay(ShortestGrace, _services.Time);
        while ((group.Queue.Active > 0 || group.Queue.Waiting > 0) && _services.Time.GetElapsedTime(start) < grace)
            await Task.Delay(DrainPoll, _services.Time);
    }

    /// <summary>The supervisor of a group's processes; null for a group that somebody else runs.</summary>
    public GroupSupervisor? SupervisorOf(DaemonGroup group) => _managed.GetValueOrDefault(group.Options.Name);

    /// <summary>The health of servers that somebody else runs; null for those that are not checked, and for other groups.</summary>
    public ExternalGroupHealth? HealthOf(DaemonGroup group) => _external.GetValueOrDefault(group.Options.Name);

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_external.Values.Select(server => server.DisposeAsync().AsTask()));
        foreach (var group in Groups) group.Dispose();
        foreach (var route in Routes.Routes)
        {
            route.Limits.Dispose();
            route.UploadLimits.Dispose();
        }
        Limits.Dispose();
        UploadLimits.Dispose();
        await Task.WhenAll(_managed.Values.Select(daemon => daemon.DisposeAsync().AsTask()));
    }
}
