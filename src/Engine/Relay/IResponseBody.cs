using DaemonProxy.Events;

namespace DaemonProxy.Relay;

/// <summary>A block of a response's body.</summary>
/// <param name="Data">The bytes; may be empty at the end.</param>
/// <param name="End">Whether the body ends after them.</param>
public readonly record struct BodyBlock(ReadOnlyMemory<byte> Data, bool End);

/// <summary>
/// Where the relay takes a response's body from: a daemon's connection, or an embedded application. The two questions it has to ask
/// (behaviour.md, section 1): can data be read now, and if not, does it come within a time.
/// </summary>
public interface IResponseBody
{
    /// <summary>Takes what can be read now, without waiting. The block's memory is the caller's until the next call.</summary>
    /// <returns>False when there is nothing to read at this instant.</returns>
    /// <exception cref="BrokenResponseException">The body broke off: it can not be passed on as complete.</exception>
    bool TryRead(out BodyBlock block);

    /// <summary>
    /// Waits, after <see cref="TryRead"/> gave false, until it is worth calling again; false when the limit passed first. May be called
    /// again then.
    /// </summary>
    /// <param name="limit">How long to wait.</param>
    /// <param name="cancellationToken">Ends the wait when the client is gone.</param>
    ValueTask<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken);

    /// <summary>The trailer fields, known at the end of the body.</summary>
    IReadOnlyList<KeyValuePair<string, string>> Trailers => [];
}
