using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace DaemonProxy.Host.Update;

/// <summary>
/// A process that has been replaced and still has requests in flight, as its successor sees it. The connection between the two ends with
/// the process.
/// </summary>
internal sealed class ReplacedProcess : IDisposable
{
    private readonly Socket _connection;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Owns the connection from here on.</summary>
    /// <param name="id">The process.</param>
    /// <param name="connection">The connection to it.</param>
    public ReplacedProcess(int id, Socket connection) => (Id, _connection) = (id, connection);

    /// <summary>The process.</summary>
    public int Id { get; }

    /// <summary>Completes when it has ended; only once <see cref="WatchAsync"/> has been called.</summary>
    public Task Ended => _ended.Task;

    /// <summary>The open connection, for passing it to the next successor.</summary>
    public SafeHandle Handle => _connection.SafeHandle;

    /// <summary>Waits for its end.</summary>
    public async Task WatchAsync()
    {
        var ignored = new byte[16];
        try
        {
            while (await _connection.ReceiveAsync(ignored) > 0)
            {
            }
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // Its end, or that of this process.
        }
        _ended.TrySetResult();
    }

    /// <summary>Asks it to end.</summary>
    /// <param name="drainTimeout">What it has in flight after this time is broken off.</param>
    public async Task StopAsync(TimeSpan drainTimeout)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{StopWord} {drainTimeout.TotalMilliseconds:0}\n");
        // Not Send: .NET refuses to block on a socket that is being read asynchronously.
        try { await _connection.SendAsync(Encoding.ASCII.GetBytes(line)); }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    /// <summary>The first word of a line that asks a replaced process to end.</summary>
    public const string StopWord = "stop";

    /// <summary>The line that tells the successor that it may report to the service manager.</summary>
    public const string MainWord = "main";

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();
}
