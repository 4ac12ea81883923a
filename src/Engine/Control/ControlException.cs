namespace DaemonProxy.Control;

/// <summary>The ways in which finding, starting or controlling a front end can fail.</summary>
public enum ControlFailure
{
    /// <summary>The front end answered that it cannot do what was asked; the message is its own.</summary>
    Refused,

    /// <summary>No front end of this name is running.</summary>
    NotRunning,

    /// <summary>A front end of this name is running already.</summary>
    AlreadyRunning,

    /// <summary>The front end has no daemon group or route of this name.</summary>
    NotFound,

    /// <summary>The name, or another argument, breaks a rule.</summary>
    Invalid,

    /// <summary>The front end could not be started.</summary>
    StartFailed,

    /// <summary>It exceeded its time limit.</summary>
    TimedOut,

    /// <summary>The runtime directory cannot be used.</summary>
    RuntimeDirectory,

    /// <summary>The front end is running, but its control socket does not answer as expected.</summary>
    Unreachable,
}

/// <summary>
/// A front end could not be found or started, or a control request was refused. The message says what is wrong and what to do.
/// </summary>
/// <param name="message">One sentence for the person who asked.</param>
/// <param name="failure">The kind of failure, for programs.</param>
/// <param name="cause">The underlying exception; null when there is none.</param>
public sealed class ControlException(string message, ControlFailure failure = ControlFailure.Refused, Exception? cause = null)
    : Exception(message, cause)
{
    /// <summary>The kind of failure.</summary>
    public ControlFailure Failure { get; } = failure;
}
