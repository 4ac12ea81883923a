namespace DaemonProxy.Daemons;

/// <summary>The states of a daemon group.</summary>
public enum DaemonState
{
    /// <summary>Run by somebody else; the front end knows only its address.</summary>
    External,

    /// <summary>Started, but not answering on its socket yet.</summary>
    Starting,

    /// <summary>Answering on its socket.</summary>
    Ready,

    /// <summary>Ended, and to be started again after a pause.</summary>
    BackingOff,

    /// <summary>Stopped with the front end.</summary>
    Stopped,
}
