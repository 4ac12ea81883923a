using System.Net.Sockets;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Reports the state of this process to the service manager that started it, through systemd's protocol (sd_notify(3)): a datagram to the
/// socket in NOTIFY_SOCKET.
/// </summary>
internal sealed class ReadyNotification
{
    private const string Variable = "NOTIFY_SOCKET";

    private readonly string? _address;

    private ReadyNotification(string? address) => _address = address;

    /// <summary>
    /// Takes the socket from the environment and removes it there, so that daemons do not find it; without a socket, notifications are
    /// dropped.
    /// </summary>
    public static ReadyNotification Take()
    {
        var address = Environment.GetEnvironmentVariable(Variable);
        Environment.SetEnvironmentVariable(Variable, null);
        return new ReadyNotification(address is { Length: > 1 } && address[0] is '/' or '@' ? address : null);
    }

    /// <summary>Reports that the process serves.</summary>
    /// <param name="status">One line for <c>systemctl status</c>.</param>
    public void Ready(string status) => Say($"READY=1\nSTATUS={status}\nMAINPID={Environment.ProcessId}");

    /// <summary>
    /// Reports that another process is the service's main one. The manager hears that one only after this, and takes it for the service's
    /// only if it is a child of this process, or is in its control group.
    /// </summary>
    public void Main(int process) => Say($"MAINPID={process}");

    /// <summary>The variable with the socket; empty without a manager that listens.</summary>
    public IReadOnlyDictionary<string, string> Variables =>
        _address is null ? new Dictionary<string, string>() : new Dictionary<string, string> { [Variable] = _address };

    /// <summary>Reports that the process finishes the requests in flight and ends.</summary>
    public void Stopping() => Say("STOPPING=1\nSTATUS=finishing what is in flight");

    private void Say(string message)
    {
        if (_address is null) return;
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            // An abstract address begins with a zero byte, which an environment variable cannot contain.
            socket.SendTo(
                System.Text.Encoding.UTF8.GetBytes(message),
                new UnixDomainSocketEndPoint(_address[0] == '@' ? "\0" + _address[1..] : _address));
        }
        catch (SocketException)
        {
            // A manager that does not listen will find out in its own time; that is no reason to stop serving.
        }
    }
}
