namespace DaemonProxy.Services;

/// <summary>The ways in which registering or unregistering a service can fail.</summary>
public enum ServiceFailure
{
    /// <summary>There is no service with this name.</summary>
    NotFound,

    /// <summary>Somebody else has created a service with this name.</summary>
    NotOurs,

    /// <summary>The service cannot be defined with the values given.</summary>
    Invalid,

    /// <summary>The file cannot be written or removed.</summary>
    File,

    /// <summary>There is no service manager to talk to.</summary>
    NoManager,

    /// <summary>The service manager refused.</summary>
    Refused,
}

/// <summary>A service could not be registered or unregistered; the message says what is wrong and what to do.</summary>
/// <param name="message">One sentence for the user.</param>
/// <param name="failure">The kind of failure, for programs.</param>
/// <param name="cause">The system's own exception; null if there was none.</param>
public sealed class ServiceException(string message, ServiceFailure failure, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>The kind of failure.</summary>
    public ServiceFailure Failure { get; } = failure;
}
