namespace DaemonProxy.Host.Hosting;

/// <summary>
/// A server that could not be started: an address that cannot be listened on, a certificate that cannot be used. The message is one
/// sentence for the user.
/// </summary>
internal sealed class ServerStartException(string message, Exception? cause = null) : Exception(message, cause);
