using DaemonProxy.Statistics;

namespace DaemonProxy.Relay;

/// <summary>
/// Measures the dry spells of one response. A spell is known only when the next one begins or the response ends, because what follows it
/// decides whether it was a stall or a pause. There is none before the first byte: that time is the application's, not the stream's.
/// </summary>
/// <param name="time">The clock.</param>
internal struct DrySpells(TimeProvider time)
{
    private long _drySince;
    private bool _isDry;
    private TimeSpan _spell;
    private long _before;
    private long _bytes;
    private bool _hadOne;
    private long _burstSince;
    private bool _waited;
    private TimeSpan _gathering;

    /// <summary>Whether a spell lasts.</summary>
    public readonly bool IsDry => _isDry;

    /// <summary>Called when there is nothing to read; may be called several times in one spell.</summary>
    /// <param name="ended">The spell before this one, when this returns true.</param>
    public bool RunDry(out DrySpell ended)
    {
        ended = default;
        if (_isDry || _bytes == 0) return false;
        var isKnown = IsKnown(_bytes, out ended);
        (_before, _bytes) = (_bytes, 0);
        (_drySince, _isDry) = (time.GetTimestamp(), true);
        _gathering = _waited ? time.GetElapsedTime(_burstSince, _drySince) : TimeSpan.Zero;
        _waited = false;
        return isKnown;
    }

    /// <summary>Called when bytes have come; an empty block ends no spell.</summary>
    /// <param name="bytes">How many.</param>
    /// <param name="at">When they came, if the relay was waiting for a flush then; null: just now.</param>
    public void Came(int bytes, long? at = null)
    {
        if (bytes == 0) return;
        if (_bytes == 0 && !_isDry) _burstSince = time.GetTimestamp(); // the first bytes
        EndSpell(at);
        _bytes += bytes;
    }

    /// <summary>Called when the relay has had to wait for its output: dry spells meanwhile are not seen.</summary>
    public void Waited() => _waited = true;

    /// <summary>Called when the response has ended.</summary>
    /// <param name="last">The last spell, when this returns true.</param>
    /// <param name="at">When the end came, as above.</param>
    public bool End(out DrySpell last, long? at = null)
    {
        EndSpell(at);
        return IsKnown(_bytes == 0 ? _before : _bytes, out last);
    }

    /// <summary>Whether the response has had no dry spell so far, though it has had bytes.</summary>
    public readonly bool IsUndivided => !_hadOne && _bytes > 0;

    private void EndSpell(long? at)
    {
        if (!_isDry) return;
        // Bytes may come in the moment between the read that found none and this count.
        _spell = time.GetElapsedTime(_drySince, Math.Max(_drySince, at ?? time.GetTimestamp()));
        (_isDry, _hadOne) = (false, true);
        (_burstSince, _waited) = (at ?? _drySince, at is not null);
    }

    private readonly bool IsKnown(long after, out DrySpell spell)
    {
        spell = new(_spell, _before, after) { Gathering = _gathering };
        return _hadOne;
    }
}
