using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Filters;
using DaemonProxy.Platform;
using DaemonProxy.Statistics;

namespace DaemonProxy.Relay;

/// <summary>
/// Relays one response's body down the output filter chain with the flush policy of behaviour.md, section 1:
/// <code>
///   body --(1) can be read now--------------------> chain          no flush, in pieces that the guard has room for
///     |                                               |
///     |                                     (2) holds more than the guard: flush
///     +--(3) dry: wait for flush delay or deadline -> flush, then (4) wait for the socket timeout
///     +--(5) end ----------------------------------> end
///     +--(6) break --------------------------------> flush, and the break goes to the caller
/// </code>
/// Responses of daemons and of embedded mode take the same path. Two rules are stricter than the original's. The guard counts what the
/// chain still holds, not what was passed on, so that a filter that drains is never disturbed; and a deadline limits how long a byte is
/// held while the application trickles, which a delay restarted by each block would not do. If a pacer below waits for full writes, the
/// deadline is at least two of its intervals, because it takes up to one to gather such a write, and each write forced out short costs one.
/// Under <c>response-flush-delay: auto</c> such a pacer also gets its next write read ahead, because the relay stands still while it
/// sleeps.
/// </summary>
/// <param name="policy">The flush policy, read before each read of the body so that a change reaches responses in flight.</param>
/// <param name="time">The clock for the deadline.</param>
/// <param name="others">Where a response goes on after giving others their turn; null: on the thread pool.</param>
/// <param name="turns">Where one goes on whose blocks nobody looks at, so that it takes next to no time; null: as any other.</param>
public sealed class ResponseRelay(LiveFlushPolicy policy, TimeProvider time, PipeScheduler? others = null, SocketTurns? turns = null)
{
    // A fast daemon with a fast client would occupy the thread of their sockets until the response ends, and others wait for that thread.
    // At the rates possible without any wait, 1 MiB takes less than a millisecond.
    private const long LongestTurn = 1 << 20;

    // What a Unix socket holds while nobody reads it: to read ahead less than that would be no gain.
    private const long LeastAhead = 256 << 10;

    // The amount that the original reads from a daemon and passes on at a time (APR_BUCKET_BUFF_SIZE), and so the granularity at which it
    // checks its guard.
    private const int OriginalRead = 8000;

    /// <summary>What responses have taught so far about their application's stalls, for <c>response-flush-delay: auto</c>.</summary>
    public LearntDelay Learnt { get; } = new();

    /// <summary>Relays the body to its end, and then ends the response.</summary>
    /// <param name="body">The source.</param>
    /// <param name="chain">The first filter.</param>
    /// <param name="traffic">Counts the flushes, by reason.</param>
    /// <param name="prompt">Whether the flush delay is 0 for this response: each block is sent at once.</param>
    /// <param name="socketTimeout">The longest time for which the source may stay silent.</param>
    /// <param name="clientGone">Cancelled when the client has left.</param>
    /// <param name="first">A block that <see cref="TryReadWhole"/> has read already; null: none.</param>
    /// <exception cref="BrokenResponseException">The body broke off, the source stayed silent for too long, or the client accepted nothing
    /// for too long.</exception>
    /// <exception cref="OperationCanceledException">The client has left.</exception>
    public ValueTask RunAsync(
        IResponseBody body, IOutputFilter chain, TrafficScope traffic, bool prompt, TimeSpan socketTimeout, CancellationToken clientGone,
        BodyBlock? first = null)
    {
        if (first is null)
        {
            if (policy.Current.AdaptsDelay && chain.FullWrite > 0 && body is not SpooledBody)
                return RunAheadAsync(body, chain, traffic, prompt, socketTimeout, clientGone);
            if (TryReadWhole(body, out first)) return EndAsync(first.Value, body, chain, traffic, clientGone);
        }
        return RelayAsync(body, first, chain, traffic, prompt, socketTimeout, clientGone);
    }

    /// <summary>
    /// Reads a response that is there in whole: most are small and arrive with their head. There is nothing to wait for, to measure or to
    /// learn, and <see cref="EndAsync"/> sends it.
    /// </summary>
    /// <param name="body">The source.</param>
    /// <param name="first">What has been read; null: nothing.</param>
    /// <returns>Whether it is the whole response.</returns>
    /// <exception cref="BrokenResponseException">The body broke off.</exception>
    public bool TryReadWhole(IResponseBody body, [NotNullWhen(true)] out BodyBlock? first)
    {
        first = body.TryRead(out var block) ? block : null;
        return block.End && block.Data.Length <= policy.Current.BufferSize;
    }

    /// <summary>Sends a response that is there in whole.</summary>
    /// <param name="whole">The response's body.</param>
    /// <param name="body">Where it comes from.</param>
    /// <param name="chain">The first filter.</param>
    /// <param name="traffic">Counts the flush.</param>
    /// <param name="clientGone">Cancelled when the client has left.</param>
    /// <exception cref="BrokenResponseException">The client accepted nothing for too long.</exception>
    /// <exception cref="OperationCanceledException">The client has left.</exception>
    public static ValueTask EndAsync(
        BodyBlock whole, IResponseBody body, IOutputFilter chain, TrafficScope traffic, CancellationToken clientGone)
    {
        traffic.Count(FlushReason.End);
        if (!whole.Data.IsEmpty) traffic.CountUndivided();
        return chain.EndAsync(whole.Data, body.Trailers, clientGone);                                                       // (5)
    }

    private async ValueTask RunAheadAsync(
        IResponseBody body, IOutputFilter chain, TrafficScope traffic, bool prompt, TimeSpan socketTimeout, CancellationToken clientGone)
    {
        // The next write and as much again, in case the application pauses while that one is being sent.
        var size = SpoolSize.InMemory(Math.Max(LeastAhead, Math.Min(2 * chain.FullWrite, policy.Current.BufferSize)));
        var ahead = new SpooledBody(body, size, socketTimeout, time, static () => ValueTask.CompletedTask, failed: null, others);
        await using var _ = ahead.ConfigureAwait(false);
        await RelayAsync(ahead, null, chain, traffic, prompt, Timeout.InfiniteTimeSpan, clientGone).ConfigureAwait(false);
    }

    /// <param name="body">The source.</param>
    /// <param name="first">A block that has been read already; null: none.</param>
    /// <param name="chain">The first filter.</param>
    /// <param name="traffic">Counts the flushes.</param>
    /// <param name="prompt">Whether the flush delay is 0.</param>
    /// <param name="socketTimeout">The longest time for which the source may stay silent.</param>
    /// <param name="clientGone">Cancelled when the client has left.</param>
    private async ValueTask RelayAsync(
        IResponseBody body, BodyBlock? first, IOutputFilter chain, TrafficScope traffic, bool prompt, TimeSpan socketTimeout,
        CancellationToken clientGone)
    {
        // True at first: until the first flush the head of the response has not left, even if no byte of the body was passed.
        var unflushed = true;
        var passed = 0L;
        var heldSince = time.GetTimestamp();
        var turn = 0L;
        var hasPassed = false;
        var spells = new DrySpells(time);
        var adaptive = new AdaptiveDelay(Learnt);
        try
        {
            while (true)
            {
                var rules = policy.Current;
                var passesUnread = chain.PassesUnread;
                // Smaller pieces are copied on their way.
                body.MayStayUnread = passesUnread && rules.BufferSize >= KernelPipe.LeastBlock;
                BodyBlock block;
                if (first is { } given) (block, first) = (given, null);
                else if (!body.TryRead(out block))
                {
                    turn = 0;
                    if (spells.RunDry(out var ended)) Learn(ended);
                    if (unflushed)
                    {
                        var delay = prompt ? TimeSpan.Zero : rules.AdaptsDelay ? adaptive.Current(chain.FlushCost) : rules.FlushDelay;
                        var (limit, reason) = LimitOfHolding(delay, rules.FlushDeadline, chain, heldSince);
                        if (await body.WaitAsync(limit, clientGone).ConfigureAwait(false)) continue;                        // (3)
                        await FlushAsync(reason).ConfigureAwait(false);
                    }
                    if (!await body.WaitAsync(socketTimeout, clientGone).ConfigureAwait(false) && !body.AwaitsRequest)      // (4)
                        throw new BrokenResponseException(
                            EventCatalogue.BodyReadTimeout,
                            $"the daemon sent nothing for {socketTimeout.TotalSeconds:0.###} s in the middle of its response");
                    continue;
                }
                spells.Came(block.Data.Length, spells.IsDry ? body.CameAt : null);
                for (var data = block.Data; ;)
                {
                    var before = chain.Held;
                    var room = rules.BufferSize - (rules.CountsPassed ? passed : before);
                    var piece = data[..(int)Math.Min(data.Length, Math.Max(OriginalRead, room))];
                    data = data[piece.Length..];
                    if (block.End && data.IsEmpty)
                    {
                        traffic.Count(FlushReason.End);
                        if (spells.End(out var last, spells.IsDry ? body.CameAt : null)) Learn(last);
                        else if (spells.IsUndivided) traffic.CountUndivided();
                        await chain.EndAsync(piece, body.Trailers, clientGone).ConfigureAwait(false);                       // (5)
                        return;
                    }

                    var write = chain.WriteAsync(piece, Marker.None, clientGone);                                           // (1)
                    if (write.IsCompleted) turn += piece.Length;
                    else HasToWait();
                    await write.ConfigureAwait(false);
                    if (turn > LongestTurn)
                    {
                        turn = 0;
                        if (passesUnread && turns is not null) await new OthersTurn(turns);
                        else if (others is null) await Task.Yield();
                        else await new OthersTurn(others);
                    }
                    unflushed = true;
                    passed += piece.Length;
                    var held = chain.Held;

                    // The chain sends the oldest bytes first: if it has sent any, what it holds now arrived with this piece.
                    if (before == 0 || held < before + piece.Length) heldSince = time.GetTimestamp();
                    if ((rules.CountsPassed ? passed : held) > rules.BufferSize)
                        await FlushAsync(FlushReason.Guard).ConfigureAwait(false);                                          // (2)
                    if (data.IsEmpty) break;
                }
            }
        }
        catch (BrokenResponseException broken) when ((hasPassed || passed > 0) && broken.Reason != EventCatalogue.ClientWriteTimeout)
        {
            // The client still gets, at its rate, what arrived before the break; once that is sent, the response can only be broken off.
            await chain.WriteAsync(default, Marker.Flush, clientGone).ConfigureAwait(false);                                // (6)
            throw;
        }

        void Learn(in DrySpell spell)
        {
            traffic.Count(spell);
            adaptive.Learn(spell);
        }

        void HasToWait()
        {
            turn = 0;
            spells.Waited();
        }

        async ValueTask FlushAsync(FlushReason reason)
        {
            if (chain.Held == 0) traffic.Count(reason);
            else traffic.Count(reason, time.GetElapsedTime(heldSince));
            var flush = chain.WriteAsync(default, Marker.Flush, clientGone);
            if (!flush.IsCompleted) HasToWait();
            await flush.ConfigureAwait(false);
            unflushed = false;
            hasPassed |= passed > 0;
            passed = 0;
        }
    }

    /// <summary>How long the bytes held by the chain may still wait for more, and which rule ends the wait.</summary>
    private (TimeSpan Limit, FlushReason Reason) LimitOfHolding(TimeSpan delay, TimeSpan deadline, IOutputFilter chain, long heldSince)
    {
        if (deadline > TimeSpan.Zero && chain.Held > 0)
        {
            var least = 2 * chain.FlushCost;
            var left = (deadline > least ? deadline : least) - time.GetElapsedTime(heldSince);
            if (left < delay) return (left > TimeSpan.Zero ? left : TimeSpan.Zero, FlushReason.Deadline);
        }
        return (delay, FlushReason.Idle);
    }
}
