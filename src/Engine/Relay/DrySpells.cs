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

    /// <summary>Called when there is nothing to read; may be called several times in one spell.</summary>
    /// <param name="ended">The spell before this one, when this returns true.</param>
    public bool RunDry(out DrySpell ended)
    {
        ended = default;
        if (_isDry || _bytes == 0) return false;
        var isKnown = IsKnown(_bytes, out ended);
        (_before, _bytes) = (_bytes, 0);
        (_drySince, _isDry) = (time.GetTimestamp(), true);
        return isKnown;
    }

    /// <summary>Called when bytes have come; an empty block ends no spell.</summary>
    public void Came(int bytes)
    {
        if (bytes == 0) return;
        EndSpell();
        _bytes += bytes;
    }

    /// <summary>Called when the response has ended.</summary>
    /// <param name="last">The last spell, when this returns true.</param>
    public bool End(out DrySpell last)
    {
        EndSpell();
        return IsKnown(_bytes == 0 ? _before : _bytes, out last);
    }

    /// <summary>Whether the response has had no dry spell so far, though it has had bytes.</summary>
    public readonly bool IsUndivided => !_hadOne && _bytes > 0;

    private void EndSpell()
    {
        if (!_isDry) return;
        _spell = time.GetElapsedTime(_drySince);
        (_isDry, _hadOne) = (false, true);
    }

    private readonly bool IsKnown(long after, out DrySpell spell)
    {
        spell = new(_spell, _before, after);
        return _hadOne;
    }
}
