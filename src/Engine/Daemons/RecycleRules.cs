using DaemonProxy.Configuration;
using DaemonProxy.Statistics;

namespace DaemonProxy.Daemons;

/// <summary>When a worker that is well is replaced all the same (behaviour.md, section 5).</summary>
internal static class RecycleRules
{
    /// <summary>Whether any of the rules goes by time, so that the worker has to be looked at again and again.</summary>
    public static bool GoByTime(DaemonGroupOptions options) =>
        options.RestartInterval > TimeSpan.Zero || options.CpuTimeLimit > TimeSpan.Zero || options.InactivityTimeout > TimeSpan.Zero;

    /// <summary>The rule that a worker meets; null: none.</summary>
    /// <param name="options">The group's options.</param>
    /// <param name="requests">Requests it has had.</param>
    /// <param name="active">Requests it has.</param>
    /// <param name="age">How long it has run.</param>
    /// <param name="rest">How long it has had none.</param>
    /// <param name="processorTime">Asked for only when there is a limit to it: it costs a system call.</param>
    public static RestartReason? Meets(
        DaemonGroupOptions options, long requests, int active, TimeSpan age, TimeSpan rest, Func<TimeSpan> processorTime)
    {
        if (options.MaximumRequests > 0 && requests >= options.MaximumRequests) return RestartReason.MaximumRequests;
        if (options.RestartInterval > TimeSpan.Zero && age >= options.RestartInterval) return RestartReason.RestartInterval;
        // A worker that has had nothing to do since it started is as fresh as its successor would be.
        if (options.InactivityTimeout > TimeSpan.Zero && active == 0 && requests > 0 && rest >= options.InactivityTimeout)
            return RestartReason.InactivityTimeout;
        if (options.CpuTimeLimit > TimeSpan.Zero && processorTime() >= options.CpuTimeLimit) return RestartReason.CpuTimeLimit;
        return null;
    }
}
