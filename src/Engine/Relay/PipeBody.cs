using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using DaemonProxy.Timing;

namespace DaemonProxy.Relay;

/// <summary>
/// The body of a response read from a pipe into which an embedded application writes. A writer that breaks off calls <see cref="Break"/>
/// and then completes the pipe normally: completing it with an exception would discard what was written and not yet read.
/// </summary>
public sealed class PipeBody(PipeReader reader, TimeProvider time) : IResponseBody, IDisposable
{
    private readonly TimedWait _wait = new(time);
    private ConfiguredValueTaskAwaitable<ReadResult>.ConfiguredValueTaskAwaiter _pending;
    private bool _isPending;
    private ReadOnlySequence<byte> _read;
    private SequencePosition _taken;
    private bool _hasRead;
    private bool _completed;
    private volatile Exception? _failure;

    /// <summary>Makes the body break off after its last byte. The writer of the pipe calls this before it completes the pipe.</summary>
    /// <param name="failure">The exception that <see cref="TryRead"/> throws after the last byte.</param>
    public void Break(Exception failure) => _failure = failure;

    /// <inheritdoc/>
    public bool TryRead(out BodyBlock block)
    {
        block = default;
        if (_hasRead)
        {
            if (_read.IsEmpty)
            {
                reader.AdvanceTo(_taken);
                _hasRead = false;
            }
            else return Take(out block);
        }
        if (!ReadNow(out var result)) return false;
        _read = result.Buffer;
        _hasRead = true;
        _completed = result.IsCompleted;
        _taken = _read.End;
        if (_completed && _read.IsEmpty && _failure is { } failure) ExceptionDispatchInfo.Throw(failure);
        return Take(out block);
    }

    private bool Take(out BodyBlock block)
    {
        var data = _read.First;
        _read = _read.Slice(data.Length);
        block = new(data, _completed && _read.IsEmpty && _failure is null);
        return true;
    }

    private bool ReadNow(out ReadResult result)
    {
        result = default;
        if (!_isPending)
        {
            _wait.Reset();
#pragma warning disable CA2012 // The awaiter is kept and asked once, when the wait has been signalled.
            _pending = reader.ReadAsync().ConfigureAwait(false).GetAwaiter();
#pragma warning restore CA2012
            if (!_pending.IsCompleted)
            {
                _isPending = true;
                _pending.UnsafeOnCompleted(_wait.Signal);
                return false;
            }
        }
        else if (!_wait.IsSignalled) return false;
        _isPending = false;
        result = _pending.GetResult();
        return true;
    }

    /// <inheritdoc/>
    public long? CameAt => _wait.SignalledAt;

    /// <inheritdoc/>
    public ValueTask<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken) => _wait.WaitAsync(limit, cancellationToken);

    /// <summary>Ends the timer. The pipe still belongs to its owner.</summary>
    public void Dispose() => _wait.Dispose();
}
