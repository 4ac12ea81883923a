namespace DaemonProxy.Pacing;

/// <summary>
/// Decides how many bytes may leave, and when. A pacer belongs to one response; only its filter calls it, except for <see cref="Wake"/>.
/// </summary>
public interface IPacer : IDisposable
{
    /// <summary>The most bytes that the next write may have; &gt; 0.</summary>
    long WriteSize { get; }

    /// <summary>Called before the first write of each call that passes new data to the filter.</summary>
    void BeginCall();

    /// <summary>
    /// Completes with true when that many bytes may leave, and counts them as sent. Completes with false when the pacer was woken first,
    /// and counts nothing.
    /// </summary>
    /// <param name="bytes">1 to <see cref="WriteSize"/>.</param>
    /// <param name="cancellationToken">Ends the wait. Every call should pass the same token.</param>
    ValueTask<bool> PaceAsync(int bytes, CancellationToken cancellationToken);

    /// <summary>
    /// Ends the current wait, or the next one, because the limit has changed. May be called from any thread; the response continues on
    /// another one.
    /// </summary>
    void Wake();
}
