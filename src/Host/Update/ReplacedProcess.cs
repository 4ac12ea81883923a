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

    /// <summary>Listens to it until its end.</summary>
    /// <param name="stop">Called, with the drain timeout, when it was asked to stop the front end, which is this process's to do.</param>
    public async Task WatchAsync(Action<TimeSpan> stop)
    {
        try
        {
            using var lines = new StreamReader(new NetworkStream(_connection, ownsSocket: false), Encoding.ASCII);
            while (await lines.ReadLineAsync() is { } line)
            {
                if (StopLine.Parse(line) is { } drainTimeout) stop(drainTimeout);
            }
        }
        catch (Exception gone) when (gone is IOException or SocketException or ObjectDisposedException)
        {
            // Its end, or that of this process.
        }
        _ended.TrySetResult();
    }

    /// <summary>Asks it to end.</summary>
    /// <param name="drainTimeout">What it has in flight after this time is broken off.</param>
    public Task StopAsync(TimeSpan drainTimeout) => StopLine.SendAsync(_connection, drainTimeout);

    /// <summary>The line that tells the successor that it may report to the service manager.</summary>
    public const string MainWord = "main";

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();
}
