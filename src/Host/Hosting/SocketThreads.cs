using System.Globalization;
using System.Net.Sockets;

namespace DaemonProxy.Host.Hosting;

/// <summary>
/// Makes the runtime run socket continuations on the thread that saw the socket become ready, instead of on another pool thread, which
/// saves a wake-up and a queue. This is correct only when nothing on these threads ever blocks, which is a rule of this program
/// (design.md).
/// </summary>
internal static class SocketThreads
{
    // The runtime's only switches for this; it reads them when the first socket has to wait.
    private const string InlineVariable = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
    private const string CountVariable = "DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT";

    /// <summary>
    /// Configures the socket threads. Must be called before any socket is used; it has no effect later. Settings already present in the
    /// environment are kept.
    /// </summary>
    /// <param name="count">The number of threads that serve the sockets, &gt; 0.</param>
    /// <returns>The number of threads on which continuations run; 0: they run on the pool.</returns>
    public static int Use(int count)
    {
        // Windows has completion ports, which need none of this.
        if (OperatingSystem.IsWindows()) return 0;
        var threads = Environment.GetEnvironmentVariable(InlineVariable) is not (null or "1") ? 0
            : int.TryParse(Environment.GetEnvironmentVariable(CountVariable), CultureInfo.InvariantCulture, out var given) && given > 0
            ? given : count;
        string[] ours = [.. new[] { InlineVariable, CountVariable }.Where(name => Environment.GetEnvironmentVariable(name) is null)];
        foreach (var name in ours)
            Environment.SetEnvironmentVariable(name, name == InlineVariable ? "1" : count.ToString(CultureInfo.InvariantCulture));
        MakeRuntimeReadThem();
        // Daemons are other programs, which may block anywhere.
        foreach (var name in ours) Environment.SetEnvironmentVariable(name, null);
        return threads;
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
