using System.Globalization;
using System.Net.Sockets;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Has the runtime run what waits for a socket on the thread that saw the socket become ready, instead of on another one of the pool: no
/// wake-up and no queue between them. It is right where nothing on these threads ever blocks, which is this program's rule (design.md).
/// </summary>
internal static class SocketThreads
{
    // The runtime's only switches for it; it reads them when the first socket has to wait.
    private const string InlineVariable = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
    private const string CountVariable = "DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT";

    /// <summary>
    /// Sets it up. To be called before any socket has been used; later it has no effect. What the environment already says stays.
    /// </summary>
    /// <param name="count">How many threads serve the sockets, &gt; 0.</param>
    public static void Use(int count)
    {
        // Windows has completion ports, which need none of this.
        if (OperatingSystem.IsWindows()) return;
        string[] ours = [.. new[] { InlineVariable, CountVariable }.Where(name => Environment.GetEnvironmentVariable(name) is null)];
        foreach (var name in ours)
            Environment.SetEnvironmentVariable(name, name == InlineVariable ? "1" : count.ToString(CultureInfo.InvariantCulture));
        MakeRuntimeReadThem();
        // Daemons are other programs, which may block where they like.
        foreach (var name in ours) Environment.SetEnvironmentVariable(name, null);
    }

    private static void MakeRuntimeReadThem()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        using var giveUp = new CancellationTokenSource();
        var never = socket.ReceiveAsync(new byte[1].AsMemory(), SocketFlags.None, giveUp.Token).AsTask();
        giveUp.Cancel();
        never.ContinueWith(static task => _ = task.Exception, TaskScheduler.Default);
    }
}
