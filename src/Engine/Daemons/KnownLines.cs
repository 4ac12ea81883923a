namespace DaemonProxy.Daemons;

/// <summary>
/// The lines of the last response head on a connection. A daemon sends most of them with every response; a line that is the same, byte by
/// byte, as the one in its place in the head before has been checked already, and its text is used again.
/// </summary>
internal sealed class KnownLines
{
    // More than most heads have. A long line is rarely the same twice, and would only occupy memory.
    private const int Most = 32;
    private const int LongestLine = 256;

    private readonly List<Line> _lines = new(8);
    private byte[] _status = [];
    private (bool IsHttp10, int Status, string Reason) _read;
    private int _next;

    /// <summary>Begins a head with its status line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="read">What was read from the same line before.</param>
    /// <returns>False when the line is another one; <see cref="Know"/> then tells what has been read from it.</returns>
    public bool TryBegin(ReadOnlySpan<byte> line, out (bool IsHttp10, int Status, string Reason) read)
    {
        _next = 0;
        read = _read;
        // Before the first head there is none that could be known.
        return !line.IsEmpty && line.SequenceEqual(_status);
    }

    /// <summary>Keeps what has been read from a valid status line.</summary>
    public void Know(ReadOnlySpan<byte> line, (bool IsHttp10, int Status, string Reason) read)
    {
        if (line.Length <= LongestLine) (_status, _read) = (line.ToArray(), read);
    }

    /// <summary>Splits the next header line into its name and its value.</summary>
    /// <returns>False when the line is malformed.</returns>
    public bool TryParse(ReadOnlySpan<byte> line, out string name, out string value)
    {
        var index = _next++;
        if (index < _lines.Count && _lines[index] is var known && line.SequenceEqual(known.Bytes))
        {
            (name, value) = (known.Name, known.Value);
            return true;
        }
        if (!ResponseHeadReader.TryParse(line, out name, out value)) return false;
        if (index >= Most || line.Length > LongestLine) return true;
        var read = new Line(line.ToArray(), name, value);
        if (index < _lines.Count) _lines[index] = read;
        else if (index == _lines.Count) _lines.Add(read);
        return true;
    }

    private readonly record struct Line(byte[] Bytes, string Name, string Value);
}
