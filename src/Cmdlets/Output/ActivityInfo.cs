using DaemonProxy.Control;
using DaemonProxy.Display;

namespace DaemonProxy.Cmdlets;

/// <summary>What a front end does: its counts at one moment, and its rates since the moment before.</summary>
public sealed class ActivityInfo
{
    internal ActivityInfo(ActivityRates rates)
    {
        var status = rates.Now.Status;
        Name = status.Name;
        Time = rates.Now.Time.LocalDateTime;
        Interval = rates.Interval;
        ActiveRequests = rates.Now.Responses.Count;
        WaitingRequests = status.Daemons.Sum(daemon => daemon.WaitingRequests);
        RequestRate = rates.Requests;
        ByteRate = rates.Bytes;
        FlushRate = status.Daemons.Sum(daemon => rates.FlushesOf(daemon, flushes => flushes.Idle + flushes.Deadline + flushes.Guard + flushes.End));
        Daemons = [.. status.Daemons.Select(daemon => new PartActivityInfo(daemon.Name, daemon.ActiveRequests, rates.RequestsOf(daemon), rates.BytesOf(daemon)))];
        Routes =
        [
            .. status.Routes.Select(route => new PartActivityInfo(
                route.Path, rates.Now.Responses.ByRoute.TryGetValue(route.Path, out var active) ? active.Count : 0, rates.RequestsOf(route), rates.BytesOf(route))),
        ];
        Responses = [.. rates.Now.Responses.Oldest.Select(response => new ResponseInfo(status.Name, response, rates.BytesOf(response)))];
    }

    /// <summary>The front end's name.</summary>
    public string Name { get; }

    /// <summary>When it was looked at.</summary>
    public DateTime Time { get; }

    /// <summary>What the rates are over; zero at the first look, which has none.</summary>
    public TimeSpan Interval { get; }

    /// <summary>Requests being served.</summary>
    public int ActiveRequests { get; }

    /// <summary>Requests that wait for a worker.</summary>
    public int WaitingRequests { get; }

    /// <summary>Requests finished, a second.</summary>
    public double RequestRate { get; }

    /// <summary>Bytes of response bodies sent, a second; those of responses in flight are in it.</summary>
    public double ByteRate { get; }

    /// <summary>Flushes, a second.</summary>
    public double FlushRate { get; }

    /// <summary>The same for each daemon group.</summary>
    public PartActivityInfo[] Daemons { get; }

    /// <summary>The same for each route.</summary>
    public PartActivityInfo[] Routes { get; }

    /// <summary>The responses in flight: the oldest 200, where there are more.</summary>
    public ResponseInfo[] Responses { get; }
}

/// <summary>What a daemon group or a route does.</summary>
public sealed class PartActivityInfo
{
    internal PartActivityInfo(string target, int active, double requestRate, double byteRate)
    {
        Target = target;
        ActiveRequests = active;
        RequestRate = requestRate;
        ByteRate = byteRate;
    }

    /// <summary>The group's name or the route's path.</summary>
    public string Target { get; }

    /// <summary>Requests being served.</summary>
    public int ActiveRequests { get; }

    /// <summary>Requests finished, a second.</summary>
    public double RequestRate { get; }

    /// <summary>Bytes of response bodies sent, a second.</summary>
    public double ByteRate { get; }

    /// <inheritdoc/>
    public override string ToString() => Target;
}

/// <summary>A response in flight.</summary>
public sealed class ResponseInfo
{
    internal ResponseInfo(string name, ActiveResponse response, double byteRate)
    {
        Name = name;
        Id = response.Id;
        Method = response.Method;
        Path = response.Path;
        Route = response.Route;
        Daemon = response.Daemon;
        Status = response.Status == 0 ? null : response.Status;
        Bytes = response.Bytes;
        Elapsed = response.Elapsed;
        ByteRate = byteRate;
    }

    /// <summary>The front end's name.</summary>
    public string Name { get; }

    /// <summary>The request's number since the front end's start.</summary>
    public long Id { get; }

    /// <summary>The request's method.</summary>
    public string Method { get; }

    /// <summary>The request's path, decoded.</summary>
    public string Path { get; }

    /// <summary>Its route; null before one is found.</summary>
    public string? Route { get; }

    /// <summary>Its daemon group; null in embedded mode.</summary>
    public string? Daemon { get; }

    /// <summary>The application's status; null before there is one.</summary>
    public int? Status { get; }

    /// <summary>Bytes of the body sent so far.</summary>
    public long Bytes { get; }

    /// <summary>How long it has been served.</summary>
    public TimeSpan Elapsed { get; }

    /// <summary>Bytes of the body sent, a second.</summary>
    public double ByteRate { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Method} {Path}";
}
