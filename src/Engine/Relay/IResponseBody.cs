using DaemonProxy.Events;

namespace DaemonProxy.Relay;

/// <summary>A block of the body of a response.</summary>
/// <param name="Data">The bytes; may be empty at the end of the body.</param>
/// <param name="End">Whether the body ends after them.</param>
public readonly record struct BodyBlock(ReadOnlyMemory<byte> Data, bool End);

/// <summary>
/// The source from which the relay reads the body of a response: the connection to a daemon, or an application in embedded mode. It answers
/// the relay's two questions (behaviour.md, section 1): can data be read now, and if not, does any arrive within a given time?
/// </summary>
public interface IResponseBody
{
    /// <summary>Takes what can be read now, without waiting. The memory of the block belongs to the caller until the next call.</summary>
    /// <returns>False when there is nothing to read at this instant.</returns>
    /// <exception cref="BrokenResponseException">The body broke off and cannot be passed on as complete.</exception>
    bool TryRead(out BodyBlock block);

    /// <summary>
    /// Whether blocks of the next call of <see cref="TryRead"/> may be in a <see cref="Platform.KernelPipe"/>, because nobody looks at
    /// their bytes. At first, and for a body that has no such blocks, not.
    /// </summary>
    bool MayStayUnread
    {
        set { }
    }

    /// <summary>
    /// Waits, after <see cref="TryRead"/> has returned false, until it is worth calling that again; false when the limit passed first. It
    /// may then be called again.
    /// </summary>
    /// <param name="limit">How long to wait.</param>
    /// <param name="cancellationToken">Ends the wait when the client is gone.</param>
    ValueTask<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken);

    /// <summary>
    /// When the data came that ended the last wait or spared the caller one, as a timestamp of the clock, if nobody was waiting for it
    /// then: the relay may have been busy with a flush. Null: just now.
    /// </summary>
    long? CameAt => null;

    /// <summary>
    /// Whether part of the request is still on its way to the source: its silence then proves nothing, because it may be waiting for the
    /// rest of a slow or paced upload.
    /// </summary>
    bool AwaitsRequest => false;

    /// <summary>The trailer fields, which are known at the end of the body.</summary>
    IReadOnlyList<KeyValuePair<string, string>> Trailers => [];
}
