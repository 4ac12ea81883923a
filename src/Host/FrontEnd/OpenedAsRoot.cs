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
    /// <param name="configuration">The configuration.</param>
    /// <param name="instance">The instance's folder.</param>
    /// <param name="replaces">Whether this process replaces another one, whose user it keeps.</param>
    /// <param name="activated">The sockets that a service manager listens on for it; null: none.</param>
    public static OpenedAsRoot? Open(ProxyConfiguration configuration, InstanceDirectory instance, bool replaces, HandedSockets? activated)
    {
        if (FrontEndUser.Find(configuration) is not { } user) return null;
        if (replaces)
            throw new ServerStartException(
                $"the front end has been root since its start and cannot become user {user.Account.Name} by an update; stop it and start "
                + "it again for that");
        var opened = new OpenedAsRoot();
        try
        {
            if (configuration.Tls is { } tls) opened.Certificate = LiveCertificate.Read(tls, TimeProvider.System.GetUtcNow());
            opened.Listen = ListenSockets.Open(configuration.Listen, unixSocket: null, activated);
            if (configuration.MetricsListen is { } metrics) opened.Metrics = ListenSockets.Open([metrics], unixSocket: null, activated);
            opened.Control = UnixListenSocket.BindLasting(instance.ControlSocket);
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
