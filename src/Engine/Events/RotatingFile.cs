using System.Globalization;
using DaemonProxy.Platform;

namespace DaemonProxy.Events;

/// <summary>
/// A log file with a size limit: when it is full it becomes <c>.1</c>, the former <c>.1</c> becomes <c>.2</c>, and the oldest is removed.
/// Not thread-safe.
/// </summary>
public sealed class RotatingFile : ILogOutput
{
    /// <summary>The default size limit of a log file: 10 MiB.</summary>
    public const long DefaultLimit = 10L << 20;

    /// <summary>How many full files are kept by default besides the current one.</summary>
    public const int DefaultKept = 4;

    /// <summary>How many full files can be kept at most.</summary>
    public const int MostKept = 1000;

    private const int SetStatusFlags = 4; // F_SETFL
    private const int AppendFlag = 0x400; // O_APPEND, Linux

    private readonly string _path;
    private readonly long _limit;
    private readonly int _kept;
    private FileStream _file;
    private long _size;
    private bool _isTorn;

    /// <summary>Opens the file for appending; other processes may read it at the same time.</summary>
    /// <param name="path">Its full path; links are followed, so that the file is rotated in its real location.</param>
    /// <param name="limit">Bytes; a write that would exceed them goes to a new file. 0: no limit, because somebody else rotates it.</param>
    /// <param name="kept">How many full files are kept; with 0 a full file is removed.</param>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">Writing to it is not permitted.</exception>
    public RotatingFile(string path, long limit = DefaultLimit, int kept = DefaultKept)
    {
        _path = File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path;
        _limit = limit == 0 ? long.MaxValue : limit;
        _kept = kept;
        _file = Open(_path);
        _size = Length();
    }

    /// <summary>The file and its rotated predecessors, oldest first; the file itself need not exist.</summary>
    public static IEnumerable<string> Generations(string path)
    {
        var folder = Path.GetDirectoryName(path);
        if (string.IsNullOrEmpty(folder)) folder = ".";
        var prefix = Path.GetFileName(path) + ".";
        var numbers = !Directory.Exists(folder) ? []
            : Directory.EnumerateFiles(folder, prefix + "*").Select(file => Path.GetFileName(file))
            // The pattern also matches the file itself.
            .Where(name => name.Length > prefix.Length).Select(name => name[prefix.Length..])
            .Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)
            .Where(number => number is > 0 and <= MostKept).OrderDescending().ToArray();
        foreach (var number in numbers) yield return Numbered(path, number);
        yield return path;
    }

    /// <inheritdoc/>
    public bool IsStamped => false;

    void ILogOutput.Write(ReadOnlySpan<byte> lines, EventSeverity severity) => Write(lines);

    /// <summary>Writes whole lines, all of them to the same file.</summary>
    /// <exception cref="IOException">They could not be written, or only to a file that has lost its name.</exception>
    public void Write(ReadOnlySpan<byte> lines)
    {
        var missing = IsThere() ? null : TryReopen();
        if (_size > 0 && _size + lines.Length > _limit) Rotate();
        try
        {
            // A full disk may have taken half a line; what follows must not become the other half.
            if (!OperatingSystem.IsLinux() && _file.CanSeek) _file.Seek(0, SeekOrigin.End);
            if (_isTorn) _file.Write("\n"u8);
            _isTorn = false;
            _file.Write(lines);
        }
        catch (IOException)
        {
            _isTorn |= Length() > _size;
            _size = Length();
            throw;
        }
        _size += lines.Length;
        if (missing is not null) throw new IOException($"{_path} is gone and cannot be made again: {missing.Message}", missing);
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
    public void Reopen() => _ = TryReopen();

    // If this fails, the file may come back; until then the old one keeps what it can.
    private Exception? TryReopen()
    {
        try
        {
            var next = Open(_path);
            _file.Dispose();
            _file = next;
            _size = Length();
            _isTorn = false;
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return failure;
        }
    }

    private void Rotate()
    {
        _size = Length();
        // Devices and pipes have no length, and somebody else may have emptied the file.
        if (_size < _limit / 2) return;
        try
        {
            // Fewer may be kept now than before.
            for (var number = Math.Max(1, _kept); File.Exists(Numbered(_path, number)); number++) File.Delete(Numbered(_path, number));
            for (var number = _kept - 1; number > 0; number--)
            {
                if (File.Exists(Numbered(_path, number))) File.Move(Numbered(_path, number), Numbered(_path, number + 1));
            }
            if (_kept == 0) File.Delete(_path);
            else File.Move(_path, Numbered(_path, 1));
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

    private static string Numbered(string path, int number) => string.Create(CultureInfo.InvariantCulture, $"{path}.{number}");

    // No buffer: written lines are visible to every reader at once, even after a crash. Others than the group do not read what clients have
    // asked for.
    private static FileStream Open(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        var file = new FileStream(path, options);
        // .NET's own way to append writes where it believes the end to be, and so over what another process has written since: while a front
        // end is replaced, two of them write.
        if (OperatingSystem.IsLinux())
            _ = SystemCalls.ControlDescriptor((int)file.SafeFileHandle.DangerousGetHandle(), SetStatusFlags, AppendFlag);
        return file;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
