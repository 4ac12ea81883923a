using System.Net;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Daemons;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Statistics;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>The state of a front end in the terms of the control contract; the only place that assembles it.</summary>
internal sealed class FrontEndStatus(FrontEndServer frontEnd, StatisticsBook statistics, TimeProvider time)
{
    /// <summary>The addresses at which clients on this machine can connect to it.</summary>
    public IReadOnlyList<Uri> Uris => [.. frontEnd.Addresses.Select(Reachable)];

    /// <summary>The current state of the front end.</summary>
    public InstanceStatus Instance()
    {
        var served = frontEnd.Served;
        return new()
        {
            Name = frontEnd.Name,
            ProcessId = Environment.ProcessId,
            Replaced = frontEnd.StillDraining,
            StartTime = frontEnd.StartTime,
            State = frontEnd.State.ToString(),
            Uris = Uris,
            ConfigurationFile = served.Configuration.File,
            ConfigurationHash = served.Configuration.Hash,
            LogFile = frontEnd.LogTarget?.File,
            EventLog = frontEnd.LogTarget?.ToString(),
            EventLogFormat = served.Configuration.EventLogFormat.ToString(),
            Version = HostVersion.Number,
            RestrictEmbedded = frontEnd.Embedded.Setting,
            Python = frontEnd.Embedded.Python,
            Requests = frontEnd.Application.Requests,
            Traffic = Traffic(statistics.Total, StatisticsScope.FrontEnd, null) with
            {
                ActiveRequests = frontEnd.Application.ActiveRequests,
            },
            Warnings = [.. served.Warnings, .. frontEnd.FleetWarnings, .. Troubles().OfType<string>()],
            Certificate = Certificate(),
            MetricsUri = frontEnd.MetricsAddress is { } metrics ? Reachable(metrics) : null,
            Fleet = frontEnd.Fleet?.Status(),
            Daemons = [.. served.Groups.Select(Daemon)],
            RateLimits = RateLimits(served.Limits, null),
            UploadRateLimits = RateLimits(served.UploadLimits, null),
            Routes = [.. served.Routes.Routes.Select(Route)],
        };
    }

    // A certificate that is not renewed, events that are lost.
    private string?[] Troubles() => [frontEnd.Certificate?.RenewalWarning, frontEnd.Log.Failure];

    private CertificateStatus? Certificate()
    {
        if (frontEnd.Certificate?.Loaded is not { } loaded) return null;
        return CertificateStatus.From(loaded.Certificate.Leaf, loaded.Files.Certificate, loaded.Files.Key, time.GetUtcNow()) with
        {
            Name = frontEnd.Name,
            InUseSince = loaded.Since.LocalDateTime,
        };
    }

    /// <summary>The current state of the front end and of the configuration being served.</summary>
    public InstanceActivity Activity()
    {
        // In this order, a response that ends meanwhile is missing from both and shows up in the next report; in the reverse order it would
        // be in both.
        var status = Instance();
        return new(status, frontEnd.Application.Active.Status(Response), time.GetUtcNow());
    }

    /// <summary>The current state of a route.</summary>
    public RouteStatus Route(Route route) => new()
    {
        Name = frontEnd.Name,
        Route = route.Options.Path,
        Daemon = route.Options.Daemon,
        Application = route.Options.Application,
        RateLimits = RateLimits(route.Limits, route.Options),
        UploadRateLimits = RateLimits(route.UploadLimits, route.Options),
        Traffic = Traffic(statistics.Route(route.Options.Path), StatisticsScope.Route, route.Options.Path),
    };

    /// <summary>The current flush policy of a daemon group.</summary>
    public FlushPolicyStatus FlushPolicy(DaemonGroup group)
    {
        var (policy, flushes) = (group.Policy.Current, group.Statistics.Traffic.Flushes);
        return new()
        {
            Name = frontEnd.Name,
            Daemon = group.Options.Name,
            FlushDelay = policy.AdaptsDelay
                ? TimeSpan.FromMilliseconds(Math.Round(group.Relay.Learnt.Delay.TotalMilliseconds, 1)) : policy.FlushDelay,
            AutoDelay = policy.AdaptsDelay,
            BufferSize = policy.BufferSize,
            FlushDeadline = policy.FlushDeadline,
            IdleFlushes = flushes[FlushReason.Idle],
            DeadlineFlushes = flushes[FlushReason.Deadline],
            GuardFlushes = flushes[FlushReason.Guard],
            EndFlushes = flushes[FlushReason.End],
        };
    }

    /// <summary>The options in force: those of the configuration, with live changes applied.</summary>
    public OptionStatus[] Options() =>
    [
        .. frontEnd.Served.Groups.SelectMany(Options),
        .. frontEnd.Fleet is { } fleet ? EffectiveOption.From(fleet.Options).Select(option =>
            new OptionStatus(frontEnd.Name, "(fleet)", option.Name, option.Value, option.IsDefault)) : [],
    ];

    // A server can listen on the address that stands for every interface, but a client cannot connect to it everywhere.
    private static Uri Reachable(Uri listening) =>
        IPAddress.TryParse(listening.DnsSafeHost, out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any))
            ? new UriBuilder(listening) { Host = "localhost" }.Uri : listening;

    private IEnumerable<OptionStatus> Options(DaemonGroup group) =>
        EffectiveOption.From(group.Options with { FlushPolicy = group.Policy.Current })
            .Select(option => new OptionStatus(frontEnd.Name, group.Options.Name, option.Name, option.Value, option.IsDefault));

    private DaemonStatus Daemon(DaemonGroup group)
    {
        var supervisor = frontEnd.Served.SupervisorOf(group);
        var external = frontEnd.Served.HealthOf(group);
        return new()
        {
            Name = frontEnd.Name,
            Daemon = group.Options.Name,
            Source = group.Options.Source.ToString(),
            Application = group.Options.Application,
            State = (supervisor?.State ?? external?.State ?? group.ExternalState).ToString(),
            Obstacle = supervisor is null ? external?.Obstacle : supervisor.Obstacle,
            Address = group.Options.AllAddresses is { Count: > 0 } addresses ? string.Join(", ", addresses) : null,
            Addresses = external?.Addresses ?? group.AddressStatus,
            Workers = supervisor?.Workers ?? [],
            FlushPolicy = FlushPolicy(group),
            Traffic = Traffic(group.Statistics.Traffic, StatisticsScope.Daemon, group.Options.Name) with
            {
                ActiveRequests = group.Queue.Active,
                WaitingRequests = group.Queue.Waiting,
                Restarts = group.Statistics.Restarts.Total,
                RestartsByReason = group.Statistics.Restarts.ByReason(),
            },
        };
    }

    private IReadOnlyList<RateLimitStatus> RateLimits(RateLimitSet limits, RouteOptions? route) =>
        [.. limits.Limits.Select((limit, index) => new RateLimitStatus
        {
            Name = frontEnd.Name,
            Route = route?.Path,
            Daemon = route?.Daemon,
            Application = route?.Application,
            Index = index + 1,
            Direction = limits.Direction.ToString(),
            Scope = limit.Scope.ToString(),
            SharedBy = limit.Fleet is null ? nameof(LimitSharing.FrontEnd) : nameof(LimitSharing.Fleet),
            Share = limit.Fleet is null ? null : limit.Shares.Sum(share => share.Share),
            Members = limit.Fleet is null ? null : limit.Shares.Select(share => share.Members).DefaultIfEmpty(0).Max(),
            Rate = limit.Limit.Rate,
            InitialBurst = limit.Limit.InitialBurst,
            Pacer = limit.Limit.Pacer.ToString(),
            Methods = limit.Conditions.Methods,
            ContentTypes = limit.Conditions.ContentTypes,
            Paths = limit.Conditions.Paths,
            MinimumSize = limit.Conditions.MinimumSize,
            Responses = limit.Responses,
        })];

    private ActiveResponse Response(RequestRecord record) => new(
        frontEnd.Name, record.Id, record.Method, record.Path, record.Route?.Options.Path, record.Route?.Options.Daemon,
        record.Status == 0 ? null : record.Status, record.BytesSent, time.GetElapsedTime(record.Start));

    private TrafficStatus Traffic(TrafficCounter counter, StatisticsScope scope, string? target) =>
        counter.Status() with { Name = frontEnd.Name, Scope = scope.ToString(), Target = target };
}
