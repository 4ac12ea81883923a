namespace DaemonProxy.Events;

/// <summary>
/// A log file with a size limit: when it is full it becomes <c>.1</c>, the former <c>.1</c> becomes <c>.2</c>, and the oldest is removed.
/// Not thread-safe.
/// </summary>
public sealed class RotatingFile : IDisposable
{
    /// <summary>The size limit of a log file: 10 MiB.</summary>
    public const long DefaultLimit = 10L << 20;

    /// <summary>How many full files are kept besides the current one.</summary>
    public const int Kept = 4;

    private readonly string _path;
    private readonly long _limit;
    private FileStream _file;
    private long _size;

    /// <summary>Opens the file for appending; other processes may read it at the same time.</summary>
    /// <param name="path">Its full path; links are followed, so that the file is rotated in its real location.</param>
    /// <param name="limit">Bytes; a write that would exceed them goes to a new file.</param>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">Writing to it is not permitted.</exception>
    public RotatingFile(string path, long limit = DefaultLimit)
    {
        _path = File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path;
        _limit = limit;
        _file = Open(_path);
        _size = Length();
    }

    /// <summary>The file and its rotated predecessors, oldest first, whether or not they exist.</summary>
    public static IEnumerable<string> Generations(string path)
    {
        for (var number = Kept; number > 0; number--) yield return $"{path}.{number}";
        yield return path;
    }

    /// <summary>Writes whole lines, all of them to the same file.</summary>
    /// <exception cref="IOException">They could not be written.</exception>
    public void Write(ReadOnlySpan<byte> lines)
    {
        if (!IsThere()) Reopen();
        if (_size > 0 && _size + lines.Length > _limit) Rotate();
        _file.Write(lines);
        _size += lines.Length;
    }

    // Somebody may have removed it or moved it away, and nobody reads what is written to a file without a name. Two files of the same
    // length count as the same file.
    private bool IsThere()
    {
        var named = new FileInfo(_path);
        return named.Exists && (named.Length == Length() || (named.Attributes & (FileAttributes.Device | FileAttributes.System)) != 0);
    }

    /// <summary>
    /// Reopens the file by its name, which yields another file if somebody has moved the old one away. If that fails, the old one stays in
    /// use.
    /// </summary>
    public void Reopen()
    {
        try
        {
            var next = Open(_path);
            _file.Dispose();
            _file = next;
            _size = Length();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The file may come back; until then the old one keeps what it can.
        }
    }

    private void Rotate()
    {
        _size = Length();
        // Devices and pipes have no length, and somebody else may have emptied the file.
        if (_size < _limit / 2) return;
        try
        {
            File.Delete($"{_path}.{Kept}");
            for (var number = Kept - 1; number > 0; number--)
            {
                if (File.Exists($"{_path}.{number}")) File.Move($"{_path}.{number}", $"{_path}.{number + 1}");
            }
            File.Move(_path, $"{_path}.1");
            var next = Open(_path);
            _file.Dispose();
            _file = next;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // In a folder where nothing can be renamed, a log that grows is better than none; the next attempt follows after another file's
            // worth.
        }
        _size = 0;
    }

    private long Length()
    {
        try { return _file.Length; }
        catch (Exception failure) when (failure is IOException or NotSupportedException) { return 0; }
    }

    // No buffer: written lines are visible to every reader at once, even after a crash.
    private static FileStream Open(string path) =>
        new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
