using DaemonProxy.Statistics;

namespace DaemonProxy.Relay;

/// <summary>
/// The flush delay of one response under <c>response-flush-delay: auto</c>. It minimises the time that a flush costs: what the bytes wait
/// for it, and, where the chain below waits for full writes, what a flush that was too early costs the transfer.
/// <list type="bullet">
/// <item>In an idle stream it is 0. Nothing will come soon, and the client is waiting.</item>
/// <item>In a transfer whose flushes cost nothing it is 1 ms if most stalls are shorter, so that it makes one write of two, and otherwise
/// 0: waiting for what does not come gains nothing.</item>
/// <item>In a transfer whose flushes cost something it bridges the stalls that the application makes: all but the longest 2%, with a
/// quarter to spare, from 1 ms to 20 ms.</item>
/// </list>
/// </summary>
/// <param name="group">What the group's responses have taught; the response starts from it, and adds to it.</param>
internal struct AdaptiveDelay(LearntDelay group)
{
    private StallEstimate _stall = group.Stall;
    private bool _isIdle = group.IsIdle;

    /// <summary>The delay now.</summary>
    /// <param name="flushCost">The time that a flush costs in the chain below.</param>
    public readonly TimeSpan Current(TimeSpan flushCost) =>
        _isIdle || (flushCost == TimeSpan.Zero && !_stall.IsMostlyShort) ? TimeSpan.Zero
            : flushCost == TimeSpan.Zero ? LearntDelay.Shortest
            : _stall.Bridge;

    /// <summary>Learns from a dry spell.</summary>
    public void Learn(in DrySpell spell)
    {
        _isIdle = spell.Kind == DrySpellKind.Pause;
        if (!_isIdle) _stall.Learn(spell.Duration);
        group.Learn(spell);
    }
}

/// <summary>
/// What the responses of a daemon group have taught about its stalls. Responses on any number of threads read it and add to it; if one of
/// two additions at the same moment is lost, that does an estimate no harm.
/// </summary>
public sealed class LearntDelay
{
    /// <summary>The shortest delay in a transfer: a shorter one would be as good as none.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    /// <summary>The longest delay: anything beyond is a pause to whoever watches.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(20);

    // The weight of a new spell: the last 50 or so count.
    private const double Weight = 0.02;

    private StallEstimate _stall = StallEstimate.Start;
    private double _pauses;

    /// <summary>The delay that would bridge the stalls of the group's transfers now.</summary>
    public TimeSpan Delay => _stall.Bridge;

    /// <summary>Whether most of the group's last dry spells were pauses.</summary>
    public bool IsIdle => _pauses > 0.5;

    internal StallEstimate Stall => _stall;

    internal void Learn(in DrySpell spell)
    {
        _pauses += Weight * ((spell.Kind == DrySpellKind.Pause ? 1 : 0) - _pauses);
        if (spell.Kind == DrySpellKind.Stall) _stall.Learn(spell.Duration);
    }
}

/// <summary>What is known about stalls: how long they last, and whether most are short.</summary>
internal struct StallEstimate
{
    // Each stall that is longer than the estimate raises it by half, and each that is shorter lowers it by 1%, so that it rests where one
    // in
    // fifty is longer.
    private const double Rise = 1.5;
    private const double Fall = 0.99;
    private const double Spare = 1.25;
    private const double Weight = 0.1;

    private double _milliseconds;
    private double _short;

    /// <summary>The estimate before the first stall, so that the delay starts as the default, 5 ms.</summary>
    public static StallEstimate Start => new() { _milliseconds = 4, _short = 1 };

    /// <summary>The delay that bridges all stalls but one in fifty, with a quarter to spare.</summary>
    public readonly TimeSpan Bridge =>
        TimeSpan.FromMilliseconds(
            Math.Clamp(_milliseconds * Spare, LearntDelay.Shortest.TotalMilliseconds, LearntDelay.Longest.TotalMilliseconds));

    /// <summary>Whether most of the last ten or so stalls were within the shortest delay.</summary>
    public readonly bool IsMostlyShort => _short > 0.5;

    /// <summary>Learns from a stall.</summary>
    public void Learn(TimeSpan stall)
    {
        var milliseconds = stall.TotalMilliseconds;
        // A stall that no delay bridges must not lift the estimate beyond the longest delay, or it would take long to come back.
        _milliseconds = milliseconds > _milliseconds
            ? Math.Min(_milliseconds * Rise, LearntDelay.Longest.TotalMilliseconds)
            : Math.Max(_milliseconds * Fall, LearntDelay.Shortest.TotalMilliseconds / 2);
        _short += Weight * ((stall <= LearntDelay.Shortest ? 1 : 0) - _short);
    }
}
