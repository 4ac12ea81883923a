using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Host.Hosting;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// What root opens for a front end that then becomes another user: the ports, the control socket in the instance's folder, which remains
/// root's, and the certificate with its key.
/// </summary>
internal sealed class OpenedAsRoot : IDisposable
{
    private OpenedAsRoot()
    {
    }

    /// <summary>The sockets of <c>listen</c>.</summary>
    public IReadOnlyList<ListenSocket> Listen { get; private set; } = [];

    /// <summary>The sockets of <c>metrics-listen</c>; null: there is no such key.</summary>
    public IReadOnlyList<ListenSocket>? Metrics { get; private set; }

    /// <summary>The control socket, which does not listen yet.</summary>
    public ListenSocket? Control { get; private set; }

    /// <summary>The certificate of <c>tls</c>; null: there is no such key.</summary>
    public ServerCertificate? Certificate { get; private set; }

    /// <summary>Opens everything, and becomes the user.</summary>
    /// <returns>What was opened; null when the front end stays what it is.</returns>
    /// <exception cref="ServerStartException">An address, the certificate or the user cannot be used.</exception>
    /// <exception cref="IOException">There is no such user or group, or the folder of the user's sockets cannot be made.</exception>
    public static OpenedAsRoot? Open(ProxyConfiguration configuration, InstanceDirectory instance)
    {
        if (FrontEndUser.Find(configuration) is not { } user) return null;
        var opened = new OpenedAsRoot();
        try
        {
            if (configuration.Tls is { } tls) opened.Certificate = LiveCertificate.Read(tls, TimeProvider.System.GetUtcNow());
            opened.Listen = ListenSockets.Open(configuration.Listen, unixSocket: null);
            if (configuration.MetricsListen is { } metrics) opened.Metrics = ListenSockets.Open([metrics], unixSocket: null);
            opened.Control = UnixListenSocket.Bind(instance.ControlSocket);
            instance.OpenFor(user.Account);
            user.Become();
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Closes the sockets.</summary>
    public void Dispose()
    {
        foreach (var one in Listen.Concat(Metrics ?? [])) one.Socket.Dispose();
        Control?.Socket.Dispose();
    }
}
