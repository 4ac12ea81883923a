namespace DaemonProxy.Daemons;

/// <summary>One worker process of a managed group.</summary>
/// <param name="State">Its state.</param>
/// <param name="ProcessId">Its process; null while none runs.</param>
/// <param name="StartTime">When that was started; null while none runs.</param>
/// <param name="ActiveRequests">Requests it is serving.</param>
/// <param name="Requests">Requests it was given since it started.</param>
public sealed record WorkerStatus(DaemonState State, int? ProcessId, DateTimeOffset? StartTime, int ActiveRequests, long Requests);
