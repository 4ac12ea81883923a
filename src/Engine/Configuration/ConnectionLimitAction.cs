namespace DaemonProxy.Configuration;

/// <summary><c>connection-limit-action</c>: what happens to a client's connection beyond <c>connection-limit</c>.</summary>
public enum ConnectionLimitAction
{
    /// <summary>It waits in the system's backlog until another one ends, as with HAProxy's maxconn.</summary>
    Wait,

    /// <summary>It is accepted and closed at once.</summary>
    Close,
}
