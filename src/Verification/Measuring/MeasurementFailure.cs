namespace DaemonProxy.Verification.Measuring;

/// <summary>Why a response could not be measured.</summary>
public enum MeasurementFailure
{
    /// <summary>It could.</summary>
    None,

    /// <summary>Its name has no address.</summary>
    NameNotResolved,

    /// <summary>No connection: refused, unreachable, or no answer to the attempt.</summary>
    NotConnected,

    /// <summary>TLS was not agreed upon, or the certificate is not trusted.</summary>
    TlsFailed,

    /// <summary>It answered something other than a body with status 200: a redirect, an error, no HTTP.</summary>
    UnexpectedAnswer,

    /// <summary>Nothing came for too long.</summary>
    TimedOut,

    /// <summary>The connection or the body broke off.</summary>
    BrokenOff,

    /// <summary>The body ended too soon, or came at once, for a rate to be seen.</summary>
    TooShort,
}
