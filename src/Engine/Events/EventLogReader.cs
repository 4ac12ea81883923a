using System.Text;

namespace DaemonProxy.Events;

/// <summary>
/// Reads an event log while it is being written and rotated. The first call returns the existing events, oldest first; each further call
/// returns those added since.
/// </summary>
/// <param name="path">The log's full path; the file need not exist yet.</param>
public sealed class EventLogReader(string path) : IDisposable
{
    private FileStream? _file;
    private byte[] _buffer = new byte[65_536];
    private int _held;
    private bool _begun;

    /// <summary>Skips the events logged so far.</summary>
    public void SkipToEnd()
    {
        _begun = true;
        if (OpenCurrent()) _file!.Seek(0, SeekOrigin.End);
    }

    /// <summary>
    /// The events since the last call. Lines that are not events are skipped; a line that is only half written is kept for the next call.
    /// Enumerate the result to its end: anything left unread is lost.
    /// </summary>
    /// <exception cref="IOException">The log cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Reading it is not permitted.</exception>
    public IEnumerable<LoggedEvent> Read()
    {
        if (!_begun)
        {
            _begun = true;
            foreach (var older in RotatingFile.Generations(path).SkipLast(1).Where(File.Exists))
            {
                foreach (var logged in File.ReadLines(older).Select(Parse).OfType<LoggedEvent>()) yield return logged;
            }
        }
        while (_file is not null || OpenCurrent())
        {
            foreach (var logged in ReadCurrent()) yield return logged;
            // A rotated log is read to its end before the next file is started.
            if (!WasReplaced()) yield break;
            _file!.Dispose();
            _file = null;
            _held = 0;
        }
    }

    private IEnumerable<LoggedEvent> ReadCurrent()
    {
        int count;
        while ((count = _file!.Read(_buffer, _held, _buffer.Length - _held)) > 0)
        {
            var end = _held + count;
            var begin = 0;
            for (int line; (line = Array.IndexOf(_buffer, (byte)'\n', begin, end - begin)) >= 0; begin = line + 1)
            {
                if (Parse(Encoding.UTF8.GetString(_buffer, begin, line - begin)) is { } logged) yield return logged;
            }
            _held = end - begin;
            Array.Copy(_buffer, begin, _buffer, 0, _held);
            if (_held == _buffer.Length) Array.Resize(ref _buffer, 2 * _held);
        }
    }

    private bool OpenCurrent()
    {
        try { _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0); }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException) { return false; }
        return true;
    }

    // A new log is shorter than the full one that it replaces.
    private bool WasReplaced() => new FileInfo(path) is { Exists: true } now && now.Length < _file!.Position;

    private static LoggedEvent? Parse(string line) => LoggedEvent.TryParse(line, out var logged) ? logged : null;

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();
}
