using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Platform;
using Microsoft.Win32.SafeHandles;

namespace DaemonProxy.Host.Update;

/// <summary>
/// The front end that this process is to replace, as this one sees it: it has passed its open sockets and its lock, and goes on serving
/// until it is told that this process does.
/// </summary>
internal sealed class Predecessor : IDisposable
{
    private const int LongestHandover = 1 << 20;
    private static readonly TimeSpan ReceiveLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MainLimit = TimeSpan.FromSeconds(15);

    private readonly List<ListenSocket> _listen = [];
    private readonly List<ListenSocket> _metrics = [];
    private readonly List<ReplacedProcess> _replaced = [];
    private Socket? _connection;
    private ListenSocket? _control;
    private SafeFileHandle? _lock;

    private Predecessor(Socket connection, Handover handover)
    {
        _connection = connection;
        Handover = handover;
        foreach (var (kind, name) in handover.Descriptors) Keep(kind, name, DescriptorPassing.Receive(connection));
        Listen = new(_listen);
        Metrics = new(_metrics);
    }

    /// <summary>What it tells.</summary>
    public Handover Handover { get; }

    /// <summary>It, and those that it has replaced before.</summary>
    public IReadOnlyList<int> Processes =>
    [
        .. Handover.Descriptors.Where(passed => passed.Kind == HandedKind.Replaced).Select(passed => ProcessOf(passed.Name)),
        Handover.ProcessId,
    ];

    private static int ProcessOf(string name) => int.Parse(name, CultureInfo.InvariantCulture);

    /// <summary>Its sockets of <c>listen</c>.</summary>
    public HandedSockets Listen { get; }

    /// <summary>Its socket of <c>metrics-listen</c>, if any.</summary>
    public HandedSockets Metrics { get; }

    /// <summary>Takes its control socket; null: it has been taken, or there is none.</summary>
    public ListenSocket? TakeControl()
    {
        var control = _control;
        _control = null;
        return control;
    }

    /// <summary>The certificate of files that this process may not read; null: it may, or they are others.</summary>
    public ServerCertificate? CertificateOf(TlsOptions tls)
    {
        if (Handover.Certificate is not { } handed || handed.Files != tls || LiveCertificate.CanRead(tls)) return null;
        var chain = new X509Certificate2Collection();
        foreach (var certificate in handed.Chain) chain.Add(X509CertificateLoader.LoadCertificate(certificate));
        return new(X509CertificateLoader.LoadPkcs12(handed.Leaf, null, X509KeyStorageFlags.Exportable), chain, null);
    }

    /// <summary>Closes the sockets that the configuration does not name: here nobody would accept from them.</summary>
    public void CloseUnnamed()
    {
        Listen.Dispose();
        Metrics.Dispose();
    }

    /// <summary>Connects to it, and receives everything.</summary>
    /// <param name="path">The socket on which it waits.</param>
    /// <exception cref="ServerStartException">It is not there, or breaks off.</exception>
    public static Predecessor Connect(string path)
    {
        var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            connection.ReceiveTimeout = (int)ReceiveLimit.TotalMilliseconds;
            connection.Connect(new UnixDomainSocketEndPoint(path));
            var length = BitConverter.ToInt32(Read(connection, sizeof(int)));
            if (length is <= 0 or > LongestHandover) throw new IOException("it says something that this version does not understand");
            var handover = JsonSerializer.Deserialize(Read(connection, length), HandoverJson.Default.Handover)
                ?? throw new IOException("it says nothing");
            return new(connection, handover);
        }
        catch (Exception failure) when (failure is SocketException or IOException or JsonException)
        {
            connection.Dispose();
            throw new ServerStartException(
                $"the front end that is to be replaced does not pass its sockets on at {path}: {failure.Message.TrimEnd('.')}; ask it with "
                + "daemonproxy update, or Update-DaemonProxy", failure);
        }
    }

    private static byte[] Read(Socket connection, int length)
    {
        var bytes = new byte[length];
        for (var read = 0; read < length;)
        {
            var count = connection.Receive(bytes, read, length - read, SocketFlags.None);
            if (count == 0) throw new IOException("it has ended");
            read += count;
        }
        return bytes;
    }

    private void Keep(HandedKind kind, string name, int descriptor)
    {
        if (kind == HandedKind.Lock)
        {
            _lock = new SafeFileHandle(descriptor, ownsHandle: true);
            return;
        }
        var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
        switch (kind)
        {
            case HandedKind.Replaced:
                _replaced.Add(new(ProcessOf(name), socket));
                break;
            case HandedKind.Control:
                _control = new(socket, new UnixDomainSocketEndPoint(name), IsHttps: false);
                break;
            default:
                var address = ListenAddress.TryParse(name, out var parsed, out _) ? parsed : null;
                (kind == HandedKind.Metrics ? _metrics : _listen).Add(
                    new(socket, (IPEndPoint)socket.LocalEndPoint!, address?.Scheme == "https") { Address = address });
                break;
        }
    }

    /// <summary>Continues in its folder, under its name.</summary>
    /// <param name="name">The name in the new configuration.</param>
    /// <exception cref="ServerStartException">The name is another one.</exception>
    public InstanceDirectory TakeInstance(string name)
    {
        if (name != Handover.Name)
            throw new ServerStartException(
                $"name is '{Handover.Name}' and would become '{name}', by which nobody finds the front end any more; set it back, or stop "
                + "the front end and start it again");
        var held = _lock ?? throw new ServerStartException("the front end that is to be replaced has not passed its lock on");
        _lock = null;
        return InstanceDirectory.Inherit(name, Handover.Place, held);
    }

    /// <summary>Tells it that this process serves, or why it does not.</summary>
    public void Report(StartReport report)
    {
        try { _connection!.Send(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(report, ControlJson.Default.StartReport) + "\n")); }
        catch (SocketException)
        {
            // It has ended meanwhile. Its sockets are here.
        }
    }

    /// <summary>Waits until it has told the service manager which process is the main one.</summary>
    public async Task UntilMainAsync()
    {
        using var limit = new CancellationTokenSource(MainLimit);
        try { await _connection!.ReceiveAsync(new byte[ReplacedProcess.MainWord.Length + 1], limit.Token); }
        catch (Exception gone) when (gone is SocketException or OperationCanceledException)
        {
            // It has ended, or is too busy to say so.
        }
    }

    /// <summary>
    /// Takes it, and those that it has replaced before: the processes that still have requests in flight. Nothing is said to it, or heard
    /// from it, after that except through what is returned.
    /// </summary>
    public IReadOnlyList<ReplacedProcess> TakeReplaced()
    {
        if (_connection is not null) _replaced.Add(new(Handover.ProcessId, _connection));
        _connection = null;
        ReplacedProcess[] taken = [.. _replaced];
        _replaced.Clear();
        return taken;
    }

    /// <summary>Closes what nobody has taken.</summary>
    public void Dispose()
    {
        CloseUnnamed();
        _control?.Socket.Dispose();
        _lock?.Dispose();
        _replaced.ForEach(process => process.Dispose());
        _connection?.Dispose();
    }
}
