namespace DaemonProxy.Host.Hosting;

/// <summary>
/// The server could not be started, for example because an address cannot be listened on or a certificate cannot be used. The message is
/// one sentence for the user.
/// </summary>
internal sealed class ServerStartException(string message, Exception? cause = null) : Exception(message, cause);
