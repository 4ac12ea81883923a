namespace DaemonProxy.Statistics;

/// <summary>Finished requests since the front end's start.</summary>
/// <param name="Requests">How many.</param>
/// <param name="Bytes">Bytes of response bodies sent.</param>
/// <param name="Statuses">Their statuses.</param>
/// <param name="QueueTime">How long they waited for a worker, together.</param>
/// <param name="Duration">How long they took, together.</param>
/// <param name="Flushes">Flushes in their responses, and in those under way, by reason.</param>
public sealed record TrafficStatus(long Requests, long Bytes, StatusCounts Statuses, TimeSpan QueueTime, TimeSpan Duration, FlushCounts Flushes)
{
    /// <summary>Before the first request.</summary>
    public static TrafficStatus None { get; } = new(0, 0, new(0, 0, 0, 0, 0), TimeSpan.Zero, TimeSpan.Zero, new(0, 0, 0, 0));
}

/// <summary>Requests by the class of their status. A client that left before there was one is in none.</summary>
/// <param name="Informational">1xx: upgraded connections.</param>
/// <param name="Success">2xx.</param>
/// <param name="Redirection">3xx.</param>
/// <param name="ClientError">4xx.</param>
/// <param name="ServerError">5xx.</param>
public sealed record StatusCounts(long Informational, long Success, long Redirection, long ClientError, long ServerError);

/// <summary>Flushes by their reason.</summary>
/// <param name="Idle">The application stayed silent for the flush delay.</param>
/// <param name="Deadline">Bytes had waited for the flush deadline.</param>
/// <param name="Guard">The chain held more than the buffer size.</param>
/// <param name="End">The response ended.</param>
public sealed record FlushCounts(long Idle, long Deadline, long Guard, long End);
