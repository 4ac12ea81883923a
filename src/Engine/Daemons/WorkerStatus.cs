namespace DaemonProxy.Daemons;

/// <summary>One worker process of a managed group.</summary>
/// <param name="State">Its state.</param>
/// <param name="ProcessId">The id of its process; null while none runs.</param>
/// <param name="StartTime">When the process was started; null while none runs.</param>
/// <param name="ActiveRequests">The number of requests it is serving.</param>
/// <param name="Requests">The number of requests it has been given since it started.</param>
public sealed record WorkerStatus(string State, int? ProcessId, DateTimeOffset? StartTime, int ActiveRequests, long Requests);
