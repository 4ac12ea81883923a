using System.Buffers;
using DaemonProxy.Filters;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// Passes bytes in both directions after a 101 until both sides are done (RFC 9110, section 7.8). The content belongs to the two sides, but
/// its rate and its silences are limited: each direction passes through its own pacing filters, and a tunnel that carries no byte for its
/// time limit ends.
/// </summary>
/// <param name="client">The client's side.</param>
/// <param name="daemon">The daemon's side.</param>
/// <param name="idle">The tunnel ends when neither side sends a byte for this long; 0: never.</param>
/// <param name="time">The clock.</param>
internal sealed class UpgradeTunnel(Stream client, Stream daemon, TimeSpan idle, TimeProvider time)
{
    private const int Piece = 16_384;

    // The number of traffic checks per time limit, which sets the precision of the limit.
    private const int Looks = 4;

    private readonly CancellationTokenSource _ended = new();
    private long _lastTraffic = time.GetTimestamp();
    private long _down;

    /// <summary>Bytes that the client has received.</summary>
    public long BytesDown => Interlocked.Read(ref _down);

    /// <summary>Whether the tunnel ended because it was idle.</summary>
    public bool WasIdle { get; private set; }

    /// <summary>Passes bytes until either side ends.</summary>
    /// <param name="received">Bytes of the daemon that have already arrived.</param>
    /// <param name="paced">
    /// Puts the pacing filters of one direction before its output; returns the output itself when there are none.
    /// </param>
    /// <param name="clientEnded">Tells the daemon that the client has sent everything.</param>
    public async Task RunAsync(ReadOnlyMemory<byte> received, Func<IOutputFilter, IOutputFilter> paced, Action clientEnded)
    {
        var down = paced(new TunnelOutput(client, Down));
        var up = paced(new TunnelOutput(daemon, _ => Traffic()));
        using var watch = idle > TimeSpan.Zero
            ? time.CreateTimer(tunnel => ((UpgradeTunnel)tunnel!).EndWhenIdle(), this, idle / Looks, idle / Looks) : null;
        try
        {
            await PassBothAsync(received, down, up, clientEnded);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // One side has gone; the other side notices when its connection is closed after this.
        }
        finally
        {
            (down as IDisposable)?.Dispose();
            (up as IDisposable)?.Dispose();
            // The timer may still be using the source, so it is left to the garbage collector instead of being disposed.
            await _ended.CancelAsync();
        }
    }

    private async Task PassBothAsync(ReadOnlyMemory<byte> received, IOutputFilter down, IOutputFilter up, Action clientEnded)
    {
        var fromDaemon = PassAsync(daemon, down, received);
        var fromClient = UpAsync(up, clientEnded);
        // A daemon that has closed its side sends nothing more, and neither does a side that has failed.
        var first = await Task.WhenAny(fromDaemon, fromClient);
        if (first == fromDaemon || !first.IsCompletedSuccessfully) await _ended.CancelAsync();
        await Task.WhenAll(fromDaemon, fromClient);
    }

    private async Task UpAsync(IOutputFilter up, Action clientEnded)
    {
        await PassAsync(client, up, default);
        clientEnded();
    }

    private async Task PassAsync(Stream from, IOutputFilter to, ReadOnlyMemory<byte> first)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Piece);
        if (!first.IsEmpty) await to.WriteAsync(first, Marker.Flush, _ended.Token);
        while (await from.ReadAsync(buffer, _ended.Token) is > 0 and var count)
        {
            Traffic();
            await to.WriteAsync(buffer.AsMemory(0, count), Marker.Flush, _ended.Token);
        }
        // Only here: after a cancelled wait a socket may still access the buffer.
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private void Down(int count)
    {
        Interlocked.Add(ref _down, count);
        Traffic();
    }

    private void Traffic() => Volatile.Write(ref _lastTraffic, time.GetTimestamp());

    // Checked periodically, so that a busy tunnel sets no timer for its bytes.
    private void EndWhenIdle()
    {
        if (time.GetElapsedTime(Volatile.Read(ref _lastTraffic)) < idle) return;
        WasIdle = true;
        _ended.Cancel();
    }
}
