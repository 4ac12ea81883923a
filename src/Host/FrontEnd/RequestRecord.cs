using DaemonProxy.Daemons;
using DaemonProxy.Statistics;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>What became of one request, for the statistics and the access log.</summary>
/// <param name="start">When it came, by the clock's counter.</param>
internal sealed class RequestRecord(long start)
{
    /// <summary>When it came, by the clock's counter.</summary>
    public long Start { get; } = start;

    /// <summary>Its route; null: none matched.</summary>
    public Route? Route { get; set; }

    /// <summary>What was sent to the daemon; null: nothing.</summary>
    public DaemonRequest? Sent { get; set; }

    /// <summary>The application's status, also where the client has left before it got it; or the one given in its stead; 0: neither.</summary>
    public int Status { get; set; }

    /// <summary>Bytes of the response's body that were sent. What passes through an upgraded connection is not counted.</summary>
    public long Bytes { get; set; }

    /// <summary>The record as it is counted.</summary>
    /// <param name="duration">How long the request took.</param>
    public FinishedRequest Finish(TimeSpan duration) => new(Status, Bytes, Sent?.QueueTime ?? TimeSpan.Zero, duration);
}
