namespace DaemonProxy.Services;

/// <summary>The ways in which registering a service, or taking it back, can fail.</summary>
public enum ServiceFailure
{
    /// <summary>There is no service of this name.</summary>
    NotFound,

    /// <summary>There is one that somebody else has written.</summary>
    NotOurs,

    /// <summary>Something that was given cannot be a service's.</summary>
    Invalid,

    /// <summary>The file cannot be written or removed.</summary>
    File,

    /// <summary>There is no service manager to speak to.</summary>
    NoManager,

    /// <summary>The service manager refused.</summary>
    Refused,
}

/// <summary>A service that could not be registered or taken back; the message says what is wrong and what to do.</summary>
/// <param name="message">One sentence for the person who asked.</param>
/// <param name="failure">What kind of failure it is, for programs.</param>
/// <param name="cause">What the system said; null where nothing did.</param>
public sealed class ServiceException(string message, ServiceFailure failure, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>What kind of failure it is.</summary>
    public ServiceFailure Failure { get; } = failure;
}
