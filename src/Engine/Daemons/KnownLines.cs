namespace DaemonProxy.Daemons;

/// <summary>
/// The lines of the last response head of a daemon. A daemon sends most of them with every response; a line that is the same, byte by byte,
/// as the one in its place in the head before has been checked already, and its text is used again.
/// </summary>
/// <remarks>
/// All connections to a daemon have one, from any number of threads, so that a resting connection keeps nothing: 32 lines of 256 bytes are
/// 25 KB with their texts. A line never changes, and is found only by all of its bytes.
/// </remarks>
internal sealed class KnownLines
{
    // More than most heads have. A long line is rarely the same twice, and would only occupy memory.
    private const int Most = 32;
    private const int LongestLine = 256;

    private readonly Line?[] _lines = new Line?[Most];
    private StatusLine? _status;

    /// <summary>Finds what was read from the same status line before.</summary>
    /// <param name="line">The line.</param>
    /// <param name="read">What was read.</param>
    /// <returns>False when the line is another one; <see cref="Know"/> then tells what has been read from it.</returns>
    public bool TryFind(ReadOnlySpan<byte> line, out (bool IsHttp10, int Status, string Reason) read)
    {
        if (Volatile.Read(ref _status) is { } known && line.SequenceEqual(known.Bytes))
        {
            read = known.Read;
            return true;
        }
        read = default;
        return false;
    }

    /// <summary>Keeps what has been read from a valid status line.</summary>
    public void Know(ReadOnlySpan<byte> line, (bool IsHttp10, int Status, string Reason) read)
    {
        if (line.Length <= LongestLine) Volatile.Write(ref _status, new(line.ToArray(), read));
    }

    /// <summary>Splits a header line into its name and its value.</summary>
    /// <param name="line">The line.</param>
    /// <param name="index">Its place among the header lines of its head, from 0.</param>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    /// <returns>False when the line is malformed.</returns>
    public bool TryParse(ReadOnlySpan<byte> line, int index, out string name, out string value)
    {
        if (index < Most && Volatile.Read(ref _lines[index]) is { } known && line.SequenceEqual(known.Bytes))
        {
            (name, value) = (known.Name, known.Value);
            return true;
        }
        if (!ResponseHeadReader.TryParse(line, out name, out value)) return false;
        if (index < Most && line.Length <= LongestLine) Volatile.Write(ref _lines[index], new(line.ToArray(), name, value));
        return true;
    }

    private sealed record Line(byte[] Bytes, string Name, string Value);

    private sealed record StatusLine(byte[] Bytes, (bool IsHttp10, int Status, string Reason) Read);
}
