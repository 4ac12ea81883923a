using System.Buffers;
using DaemonProxy.Filters;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// After a 101: passes bytes both ways until both sides are done (RFC 9110, section 7.8). What is spoken there is theirs; how fast, and how
/// long in silence, is not: each direction goes through pacing filters of its own, and a tunnel without a byte for its time limit ends.
/// </summary>
/// <param name="client">The client's side.</param>
/// <param name="daemon">The daemon's side.</param>
/// <param name="idle">Without a byte from either side for so long, it ends; 0: never.</param>
/// <param name="time">The clock.</param>
internal sealed class UpgradeTunnel(Stream client, Stream daemon, TimeSpan idle, TimeProvider time)
{
    private const int Piece = 16_384;

    // How often the traffic is looked at in the time limit: so precise is it.
    private const int Looks = 4;

    private readonly CancellationTokenSource _ended = new();
    private long _lastTraffic = time.GetTimestamp();
    private long _down;

    /// <summary>Bytes that the client has got.</summary>
    public long BytesDown => Interlocked.Read(ref _down);

    /// <summary>Whether it ended for want of traffic.</summary>
    public bool WasIdle { get; private set; }

    /// <summary>Passes until either side ends.</summary>
    /// <param name="received">What of the daemon's bytes has come already.</param>
    /// <param name="paced">Puts the pacing filters of one direction above its output; gives the output where there are none.</param>
    /// <param name="clientEnded">Tells the daemon that the client has sent all it has.</param>
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
            // One side has gone; the other learns of it when its connection closes after this.
        }
        finally
        {
            (down as IDisposable)?.Dispose();
            (up as IDisposable)?.Dispose();
            // The watch may be at it yet, so that the source is left to the garbage collector.
            await _ended.CancelAsync();
        }
    }

    private async Task PassBothAsync(ReadOnlyMemory<byte> received, IOutputFilter down, IOutputFilter up, Action clientEnded)
    {
        var fromDaemon = PassAsync(daemon, down, received);
        var fromClient = UpAsync(up, clientEnded);
        // A daemon that has closed has said its last, and so has either side that failed.
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
        // Only here: after a wait that was given up a socket may look into it yet.
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private void Down(int count)
    {
        Interlocked.Add(ref _down, count);
        Traffic();
    }

    private void Traffic() => Volatile.Write(ref _lastTraffic, time.GetTimestamp());

    // Looked at now and then, so that a busy tunnel sets no timer for its bytes.
    private void EndWhenIdle()
    {
        if (time.GetElapsedTime(Volatile.Read(ref _lastTraffic)) < idle) return;
        WasIdle = true;
        _ended.Cancel();
    }
}
