using System.Diagnostics.CodeAnalysis;

namespace DaemonProxy.Daemons;

/// <summary>
/// The last response head on a connection. Within a second a daemon mostly sends the same head again: one that is the same, byte by byte,
/// as the head before has been checked already, and what was read from it is used again.
/// </summary>
/// <param name="lines">The lines of the daemon's heads, for one that differs.</param>
internal sealed class KnownHead(KnownLines lines)
{
    // Each connection has one: a longer head would only occupy memory.
    private const int Longest = 1024;

    private byte[] _bytes = [];
    private int _length;
    private ResponseHead? _head;

    /// <summary>The lines of the daemon's heads.</summary>
    public KnownLines Lines => lines;

    /// <summary>Whether bytes begin with the very head before.</summary>
    /// <param name="input">The bytes.</param>
    /// <param name="head">That head.</param>
    /// <param name="length">Its length, with the empty line that ends it.</param>
    public bool TryFind(ReadOnlySpan<byte> input, [NotNullWhen(true)] out ResponseHead? head, out int length)
    {
        (head, length) = (_head, _length);
        return head is not null && input.StartsWith(_bytes.AsSpan(0, length));
    }

    /// <summary>Keeps what has been read from a valid head that may be the next one, too.</summary>
    /// <param name="input">Its bytes, with the empty line that ends it.</param>
    /// <param name="head">What has been read; it does not change any more.</param>
    public void Know(ReadOnlySpan<byte> input, ResponseHead head)
    {
        _head = null;
        if (input.Length > Longest) return;
        if (_bytes.Length < input.Length) _bytes = new byte[Math.Max(Longest / 4, input.Length)];
        input.CopyTo(_bytes);
        (_head, _length) = (head, input.Length);
    }
}
