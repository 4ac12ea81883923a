namespace DaemonProxy.Daemons;

/// <summary>The states of a daemon group.</summary>
public enum DaemonState
{
    /// <summary>Run by somebody else, and not checked; the front end knows only its address.</summary>
    External,

    /// <summary>Started, but not answering on its socket yet, or not healthy for the first time yet.</summary>
    Starting,

    /// <summary>Answering on its socket, and healthy if it has a health check.</summary>
    Ready,

    /// <summary>It fails its health check, and gets no requests.</summary>
    Unhealthy,

    /// <summary>Ended, and to be started again after a pause.</summary>
    BackingOff,

    /// <summary>Stopped with the front end.</summary>
    Stopped,
}
