namespace DaemonProxy.Control;

/// <summary>The ways in which finding, starting or controlling a front end can fail.</summary>
public enum ControlFailure
{
    /// <summary>The front end answered that it cannot do what was asked; its sentence is the message.</summary>
    Refused,

    /// <summary>No front end of this name is running.</summary>
    NotRunning,

    /// <summary>A front end of this name is running already.</summary>
    AlreadyRunning,

    /// <summary>The front end has no daemon group or route of this name.</summary>
    NotFound,

    /// <summary>The name, or something else that was asked for, breaks a rule.</summary>
    Invalid,

    /// <summary>The front end could not be started.</summary>
    StartFailed,

    /// <summary>It took longer than it may.</summary>
    TimedOut,

    /// <summary>The runtime directory cannot be used.</summary>
    RuntimeDirectory,

    /// <summary>The front end is running and its control socket does not answer as it should.</summary>
    Unreachable,
}

/// <summary>
/// A front end that could not be found or started, or a control request that was refused; the message says what is wrong and what to do.
/// </summary>
/// <param name="message">One sentence for the person who asked.</param>
/// <param name="failure">What kind of failure it is, for programs.</param>
/// <param name="cause">What the system said; null where nothing did.</param>
public sealed class ControlException(string message, ControlFailure failure = ControlFailure.Refused, Exception? cause = null)
    : Exception(message, cause)
{
    /// <summary>What kind of failure it is.</summary>
    public ControlFailure Failure { get; } = failure;
}
