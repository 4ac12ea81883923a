namespace DaemonProxy.Pacing;

/// <summary>Says how much may leave, and when. Belongs to one response; called by its filter alone, but for <see cref="Wake"/>.</summary>
public interface IPacer : IDisposable
{
    /// <summary>The most bytes of the next write; &gt; 0.</summary>
    long WriteSize { get; }

    /// <summary>Tells that the filter has been called with new data, before the first write of that call.</summary>
    void BeginCall();

    /// <summary>
    /// Completes with true when that many bytes may leave, and counts them as sent; with false when it was woken first, and then counts
    /// nothing.
    /// </summary>
    /// <param name="bytes">1 to <see cref="WriteSize"/>.</param>
    /// <param name="cancellationToken">Ends the wait. The same in every call.</param>
    ValueTask<bool> PaceAsync(int bytes, CancellationToken cancellationToken);

    /// <summary>Ends the wait, or the next one, because the limit has changed. From any thread; the response continues on another one.</summary>
    void Wake();
}
