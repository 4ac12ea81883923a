namespace DaemonProxy.Daemons;

/// <summary>The states of a daemon group.</summary>
public enum DaemonState
{
    /// <summary>Somebody else runs it; the front end only knows its address.</summary>
    External,

    /// <summary>Started, and not answering on its socket yet.</summary>
    Starting,

    /// <summary>Answering on its socket.</summary>
    Ready,

    /// <summary>It ended, and is started again after a pause.</summary>
    BackingOff,

    /// <summary>Stopped with the front end.</summary>
    Stopped,
}
