namespace DaemonProxy.Statistics;

/// <summary>Why a worker of a managed group was replaced by a new process.</summary>
public enum RestartReason
{
    /// <summary>It ended without being asked to.</summary>
    Crash,

    /// <summary>It did not listen within startup-timeout.</summary>
    StartupTimeout,

    /// <summary>It has served maximum-requests.</summary>
    MaximumRequests,

    /// <summary>It has run for restart-interval.</summary>
    RestartInterval,

    /// <summary>It has used cpu-time-limit of processor time.</summary>
    CpuTimeLimit,

    /// <summary>It has had no request for inactivity-timeout.</summary>
    InactivityTimeout,

    /// <summary>A request ran for longer than request-timeout allows and could not be interrupted.</summary>
    RequestTimeout,

    /// <summary>Its interpreter lock could not be taken for deadlock-timeout.</summary>
    DeadlockTimeout,

    /// <summary>It failed its health check.</summary>
    Unhealthy,

    /// <summary>Its script has changed.</summary>
    ScriptChange,

    /// <summary>An operator asked for it.</summary>
    Operator,
}
