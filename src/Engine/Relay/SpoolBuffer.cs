using System.Buffers;
using DaemonProxy.Timing;

namespace DaemonProxy.Relay;

/// <summary>How much of a body is taken in before its reader wants it.</summary>
/// <param name="Memory">Bytes in memory.</param>
/// <param name="File">Bytes in a file beyond that.</param>
/// <param name="Place">Where the file is.</param>
public sealed record SpoolSize(long Memory, long File, SpoolPlace Place);

/// <summary>
/// Bytes between one writer and one reader that is slower: first in memory, what is beyond that in a <see cref="SpoolFile"/>, and beyond
/// that the writer waits. A file that cannot be written is as one that is full.
/// </summary>
/// <param name="size">How much of each.</param>
/// <param name="time">The clock of the waits.</param>
/// <param name="failed">Hears of the file's failure to be written; at most once.</param>
internal sealed class SpoolBuffer(SpoolSize size, TimeProvider time, Action<Exception>? failed) : IAsyncDisposable
{
    // Small blocks join in one; large ones are as large as they are.
    private const int SmallestSegment = 16_384;

    /// <summary>A write of at most that many bytes is kept as a whole.</summary>
    public const int LargestSegment = 65_536;

    private readonly Lock _gate = new();
    private readonly Queue<Segment> _segments = new();
    private readonly TimedWait _data = new(time);
    private readonly TimedWait _room = new(time);
    private Segment? _tail;
    private Segment? _lent;
    private long _inMemory;
    private long _inFile;
    private SpoolFile? _file;
    private Task _reading = Task.CompletedTask;
    private bool _isReading;
    private bool _isWriting;
    private bool _fileFailed;
    private bool _writerWaits;
    private bool _completed;
    private Exception? _failure;

    private enum Place
    {
        Nowhere,
        Memory,
        File,
    }

    /// <summary>Takes bytes, waiting while there is no room.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken stop)
    {
        while (!data.IsEmpty)
        {
            var part = data[..Math.Min(data.Length, LargestSegment)];
            switch (PlaceOrKeep(part.Span))
            {
                case Place.Nowhere:
                    await _room.WaitAsync(Timeout.InfiniteTimeSpan, stop).ConfigureAwait(false);
                    continue;
                case Place.File when !await TryWriteFileAsync(part).ConfigureAwait(false):
                    continue;
            }
            data = data[part.Length..];
            _data.Signal();
        }
    }

    /// <summary>Nothing more comes.</summary>
    /// <param name="failure">Why not, for the reader when it has had everything before; null: that was all.</param>
    public void Complete(Exception? failure)
    {
        lock (_gate) (_completed, _failure) = (true, failure);
        _data.Signal();
    }

    /// <summary>Takes what can be read now. The memory is the caller's until the next call.</summary>
    /// <returns>False when there is nothing at this instant.</returns>
    public bool TryRead(out ReadOnlyMemory<byte> data, out bool end)
    {
        var room = false;
        var found = false;
        lock (_gate)
        {
            (data, end) = (default, false);
            room = Return() && _writerWaits;
            if (_segments.TryDequeue(out var segment))
            {
                if (segment == _tail) _tail = null;
                _lent = segment;
                data = segment.Bytes.AsMemory(0, segment.Length);
                end = _completed && _failure is null && _segments.Count == 0 && _inFile == 0;
                found = true;
            }
            else if (_inFile > 0)
            {
                _data.Reset();
                if (!_isReading)
                {
                    _isReading = true;
                    _reading = ReadFileAsync();
                }
            }
            else if (_completed)
            {
                if (_failure is not null) throw _failure;
                end = found = true;
            }
            else _data.Reset();
            if (room) _writerWaits = false;
        }
        if (room) WakeWriter();
        return found;
    }

    /// <summary>
    /// Waits until there is something to read, or the limit passes: what is on its way into the file or out of it is there, and comes in a
    /// moment.
    /// </summary>
    public ValueTask<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        bool comes;
        lock (_gate) comes = _isReading || _isWriting;
        return _data.WaitAsync(comes ? Timeout.InfiniteTimeSpan : limit, cancellationToken);
    }

    /// <summary>Decides where bytes go; those for memory are there when this returns.</summary>
    private Place PlaceOrKeep(ReadOnlySpan<byte> part)
    {
        lock (_gate)
        {
            // What is in the file is older.
            if (_inFile == 0)
            {
                if (_tail is { } tail && tail.Bytes.Length - tail.Length >= part.Length)
                {
                    part.CopyTo(tail.Bytes.AsSpan(tail.Length));
                    tail.Length += part.Length;
                    return Place.Memory;
                }
                if (_inMemory == 0 || _inMemory + Math.Max(part.Length, SmallestSegment) <= size.Memory)
                {
                    var segment = new Segment(ArrayPool<byte>.Shared.Rent(Math.Max(part.Length, SmallestSegment)), part.Length);
                    part.CopyTo(segment.Bytes);
                    Add(segment);
                    return Place.Memory;
                }
            }
            if (!_fileFailed && _inFile + part.Length <= size.File)
            {
                _isWriting = true;
                return Place.File;
            }
            _writerWaits = true;
            _room.Reset();
            return Place.Nowhere;
        }
    }

    private void Add(Segment segment)
    {
        _segments.Enqueue(segment);
        _tail = segment;
        _inMemory += segment.Bytes.Length;
    }

    /// <summary>Gives back what the reader had.</summary>
    private bool Return()
    {
        if (_lent is not { } lent) return false;
        _inMemory -= lent.Bytes.Length;
        ArrayPool<byte>.Shared.Return(lent.Bytes);
        _lent = null;
        return true;
    }

    // Not where the reader is: the writer would read the daemon on the client's time.
    private void WakeWriter() => ThreadPool.UnsafeQueueUserWorkItem(static room => room.Signal(), _room, preferLocal: false);

    private async ValueTask<bool> TryWriteFileAsync(ReadOnlyMemory<byte> part)
    {
        try
        {
            _file ??= await Task.Run(() => SpoolFile.Create(size.Place, size.File)).ConfigureAwait(false);
            await _file.WriteAsync(part).ConfigureAwait(false);
            lock (_gate) (_inFile, _isWriting) = (_inFile + part.Length, false);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            lock (_gate) (_fileFailed, _isWriting) = (true, false);
            failed?.Invoke(failure);
            return false;
        }
    }

    private async Task ReadFileAsync()
    {
        int wanted;
        lock (_gate) wanted = (int)Math.Min(_inFile, LargestSegment);
        var bytes = ArrayPool<byte>.Shared.Rent(wanted);
        var wake = false;
        try
        {
            var count = await _file!.ReadAsync(bytes.AsMemory(0, wanted)).ConfigureAwait(false);
            lock (_gate)
            {
                _inFile -= count;
                Add(new Segment(bytes, count));
                // Nothing is written after it: what comes next may have to follow the file.
                _tail = null;
                (wake, _writerWaits, _isReading) = (_writerWaits, false, false);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            ArrayPool<byte>.Shared.Return(bytes);
            lock (_gate)
            {
                (_completed, _failure, _inFile, _fileFailed) = (true, new SpoolException(failure), 0, true);
                (wake, _writerWaits, _isReading) = (_writerWaits, false, false);
            }
        }
        _data.Signal();
        if (wake) WakeWriter();
    }

    /// <summary>Frees memory and file. The writer has ended; the reader reads no more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _reading.ConfigureAwait(false);
        lock (_gate)
        {
            Return();
            while (_segments.TryDequeue(out var segment)) ArrayPool<byte>.Shared.Return(segment.Bytes);
        }
        _file?.Dispose();
        _data.Dispose();
        _room.Dispose();
    }

    private sealed class Segment(byte[] bytes, int length)
    {
        public byte[] Bytes { get; } = bytes;

        public int Length { get; set; } = length;
    }
}

/// <summary>What was spooled cannot be read again.</summary>
/// <param name="cause">What the system says.</param>
internal sealed class SpoolException(Exception cause) : IOException($"a spool file cannot be read: {cause.Message}", cause);
