using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace DaemonProxy.Host.Update;

/// <summary>
/// The line by which each of two processes, of which one has replaced the other, asks the other to end: <c>stop</c> and the drain timeout
/// in milliseconds.
/// </summary>
internal static class StopLine
{
    private const string Word = "stop";

    /// <summary>Sends it; does nothing when the other process has ended already.</summary>
    /// <param name="connection">The connection between the two.</param>
    /// <param name="drainTimeout">What the other process has in flight after this time is broken off.</param>
    public static async Task SendAsync(Socket connection, TimeSpan drainTimeout)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{Word} {drainTimeout.TotalMilliseconds:0}\n");
        // Not Send: .NET refuses to block on a socket that is being read asynchronously.
        try { await connection.SendAsync(Encoding.ASCII.GetBytes(line)); }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    /// <summary>The drain timeout; null: it is another line.</summary>
    public static TimeSpan? Parse(string line) =>
        line.Split(' ') is [Word, var number] && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
        && milliseconds <= int.MaxValue ? TimeSpan.FromMilliseconds(milliseconds) : null;
}
