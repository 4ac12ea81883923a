using System.Net.Sockets;
using DaemonProxy.Platform;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Reports the state of this process to the service manager that started it, through systemd's protocol (sd_notify(3)): a datagram to the
/// socket in NOTIFY_SOCKET.
/// </summary>
internal sealed class ReadyNotification
{
    private const string Variable = "NOTIFY_SOCKET";

    // Less than the new process waits for the word that it is the main one.
    private static readonly TimeSpan BarrierLimit = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan SignalTime = TimeSpan.FromMilliseconds(100);

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
    /// Reports that another process is the service's main one, and waits until the manager has heard it: up to then, a stop of the service
    /// is a signal to this process. The manager hears that one only after this, and takes it for the service's only if it is a child of
    /// this process, or is in its control group.
    /// </summary>
    public async Task MainAsync(int process)
    {
        Say($"MAINPID={process}");
        if (_address is null || !OperatingSystem.IsLinux()) return;
        try
        {
            // sd_notify_barrier(3): the manager closes what it is passed once it has read everything before it.
            var (near, far) = SystemCalls.CreateSocketPair();
            using (near)
            {
                using (far)
                using (var socket = Open())
                {
                    socket.Connect(EndPoint(_address));
                    DescriptorPassing.Send(socket, "BARRIER=1"u8, far.SafeHandle);
                }
                using var limit = new CancellationTokenSource(BarrierLimit);
                await near.ReceiveAsync(new byte[1], limit.Token);
            }
            // A signal that it has sent before is on its way through the runtime.
            await Task.Delay(SignalTime, TimeProvider.System);
        }
        catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException)
        {
            // A manager that does not listen, or has no time.
        }
    }

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
            using var socket = Open();
            socket.SendTo(System.Text.Encoding.UTF8.GetBytes(message), EndPoint(_address));
        }
        catch (SocketException)
        {
            // A manager that does not listen will find out in its own time; that is no reason to stop serving.
        }
    }

    // A manager that reads nothing lets its queue fill up; an update must not wait for it for ever.
    private static Socket Open() => new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = 2000 };

    // An abstract address begins with a zero byte, which an environment variable cannot contain.
    private static UnixDomainSocketEndPoint EndPoint(string address) => new(address[0] == '@' ? "\0" + address[1..] : address);
}
