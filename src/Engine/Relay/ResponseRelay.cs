using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Filters;
using DaemonProxy.Statistics;

namespace DaemonProxy.Relay;

/// <summary>
/// Relays one response's body down the output filter chain with the flush policy of behaviour.md, section 1:
/// <code>
///   body --(1) can be read now--------------------> chain          no flush
///     |                                               |
///     |                                     (2) holds more than the guard: flush
///     +--(3) dry: wait for flush delay or deadline -> flush, then (4) wait for the socket timeout
///     +--(5) end ----------------------------------> end marker
/// </code>
/// Daemon and embedded responses alike take this way. Two rules are stricter than the original's: the guard counts what the chain still
/// holds, not what was passed on, so that a filter that drains is never disturbed; and a deadline bounds how long a byte is held while
/// the application trickles, which restarting the delay with each block alone would not.
/// </summary>
/// <param name="policy">Looked at before each read, so that a change reaches responses in flight.</param>
/// <param name="time">The clock of the deadline.</param>
public sealed class ResponseRelay(LiveFlushPolicy policy, TimeProvider time)
{
    // A daemon and a client that are both fast would keep the thread of their sockets for as long as the response lasts, and others wait for it.
    // 1 MiB is less than a millisecond's worth at the rates that come without a wait.
    private const long LongestTurn = 1 << 20;

    /// <summary>Relays until the end of the body. The last write carries <see cref="Marker.End"/>.</summary>
    /// <param name="body">The source.</param>
    /// <param name="chain">The first filter.</param>
    /// <param name="traffic">Counts the flushes by reason.</param>
    /// <param name="prompt">Whether the flush delay is 0 for this response: each block is sent at once.</param>
    /// <param name="socketTimeout">The longest the source may stay silent.</param>
    /// <param name="clientGone">Cancelled when the client has left.</param>
    /// <exception cref="BrokenResponseException">The body broke off, or stayed silent too long, or the client took nothing for too long.</exception>
    /// <exception cref="OperationCanceledException">The client has left.</exception>
    public async ValueTask RunAsync(IResponseBody body, IOutputFilter chain, TrafficScope traffic, bool prompt, TimeSpan socketTimeout, CancellationToken clientGone)
    {
        // Until the first flush the response's head is what has not left, though no byte of the body was passed.
        var unflushed = true;
        var heldSince = time.GetTimestamp();
        var turn = 0L;
        while (true)
        {
            var rules = policy.Current;
            if (!body.TryRead(out var block))
            {
                turn = 0;
                if (unflushed)
                {
                    var (limit, reason) = LimitOfHolding(prompt ? TimeSpan.Zero : rules.FlushDelay, rules.FlushDeadline, chain, heldSince);
                    if (await body.WaitAsync(limit, clientGone).ConfigureAwait(false)) continue;                        // (3)
                    await FlushAsync(reason).ConfigureAwait(false);
                }
                if (!await body.WaitAsync(socketTimeout, clientGone).ConfigureAwait(false))                             // (4)
                    throw new BrokenResponseException(EventCatalogue.BodyReadTimeout, $"the daemon sent nothing for {socketTimeout.TotalSeconds:0.###} s in the middle of its response");
                continue;
            }
            if (block.End)
            {
                traffic.Count(FlushReason.End);
                await chain.WriteAsync(block.Data, Marker.End, clientGone).ConfigureAwait(false);                       // (5)
                return;
            }

            var before = chain.Held;
            var write = chain.WriteAsync(block.Data, Marker.None, clientGone);                                          // (1)
            turn = write.IsCompleted ? turn + block.Data.Length : 0;
            await write.ConfigureAwait(false);
            if (turn > LongestTurn)
            {
                turn = 0;
                await Task.Yield();
            }
            unflushed = true;
            var held = chain.Held;

            // The chain sends the oldest bytes first: where it has sent any, what it holds now came with this block.
            if (before == 0 || held < before + block.Data.Length) heldSince = time.GetTimestamp();
            if (held > rules.BufferSize) await FlushAsync(FlushReason.Guard).ConfigureAwait(false);                     // (2)
        }

        async ValueTask FlushAsync(FlushReason reason)
        {
            traffic.Count(reason);
            await chain.WriteAsync(default, Marker.Flush, clientGone).ConfigureAwait(false);
            unflushed = false;
        }
    }

    /// <summary>How long what the chain holds may still wait for company, and which rule ends it.</summary>
    private (TimeSpan Limit, FlushReason Reason) LimitOfHolding(TimeSpan delay, TimeSpan deadline, IOutputFilter chain, long heldSince)
    {
        if (deadline > TimeSpan.Zero && chain.Held > 0)
        {
            var left = deadline - time.GetElapsedTime(heldSince);
            if (left < delay) return (left > TimeSpan.Zero ? left : TimeSpan.Zero, FlushReason.Deadline);
        }
        return (delay, FlushReason.Idle);
    }
}
