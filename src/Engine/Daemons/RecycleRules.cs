using DaemonProxy.Configuration;
using DaemonProxy.Statistics;

namespace DaemonProxy.Daemons;

/// <summary>Decides when a healthy worker is replaced all the same (behaviour.md, section 5).</summary>
internal static class RecycleRules
{
    /// <summary>Whether any of the rules depends on time, so that the worker has to be checked periodically.</summary>
    public static bool GoByTime(DaemonGroupOptions options) =>
        options.RestartInterval > TimeSpan.Zero || options.CpuTimeLimit > TimeSpan.Zero || options.InactivityTimeout > TimeSpan.Zero;

    /// <summary>Returns the rule that calls for replacing a worker; null: none.</summary>
    /// <param name="options">The group's options.</param>
    /// <param name="requests">Requests it has been given.</param>
    /// <param name="active">Requests it is serving.</param>
    /// <param name="age">How long it has run.</param>
    /// <param name="rest">How long it has been idle.</param>
    /// <param name="processorTime">Returns the processor time used. Called only when that is limited, because it costs a system
    /// call.</param>
    public static RestartReason? Meets(
        DaemonGroupOptions options, long requests, int active, TimeSpan age, TimeSpan rest, Func<TimeSpan> processorTime)
    {
        if (options.MaximumRequests > 0 && requests >= options.MaximumRequests) return RestartReason.MaximumRequests;
        if (options.RestartInterval > TimeSpan.Zero && age >= options.RestartInterval) return RestartReason.RestartInterval;
        // A worker that has served nothing since its start is as fresh as its successor would be.
        if (options.InactivityTimeout > TimeSpan.Zero && active == 0 && requests > 0 && rest >= options.InactivityTimeout)
            return RestartReason.InactivityTimeout;
        if (options.CpuTimeLimit > TimeSpan.Zero && processorTime() >= options.CpuTimeLimit) return RestartReason.CpuTimeLimit;
        return null;
    }
}
