namespace DaemonProxy.Verification.Measuring;

/// <summary>
/// A response as it arrived, seen as what a pacer makes of it: bursts with pauses between them. Pure arithmetic on receives.
/// </summary>
/// <remarks>
/// A pacer that sends a chunk every 200 ms has, at any moment, sent up to a chunk more than its rate allows. Dividing the
/// bytes by the time up to just any moment is therefore wrong by up to a chunk: 4% of 5 seconds. Exact is the time from the
/// begin of one burst to the begin of another, with the bytes that came between: each chunk with the pause that pays for it.
///
/// What is a pause is judged by the typical one: the pause such that half of the time was spent in pauses as long or longer.
/// Weighing by time, the microseconds between the pieces of one burst do not count, however many pieces there are, and
/// neither does one hiccup of the machine, however long it is beside the others.
/// </remarks>
internal sealed class Staircase
{
    private readonly IReadOnlyList<ArrivedBytes> _arrivals;

    /// <summary>Takes the receives of one body, in the order of time; at least one.</summary>
    public Staircase(IReadOnlyList<ArrivedBytes> arrivals)
    {
        _arrivals = arrivals;
        TypicalPause = TypicalPauseOf(arrivals, arrivals.Count);
    }

    /// <summary>The pause between bursts; zero when there was one receive.</summary>
    public TimeSpan TypicalPause { get; }

    /// <summary>The begin of each burst, with the bytes that had arrived before it. The first is the first receive, with 0 bytes.</summary>
    public IEnumerable<ArrivedBytes> Bursts()
    {
        yield return _arrivals[0] with { Bytes = 0 };
        for (var i = 1; i < _arrivals.Count; i++)
        {
            if (BeginsBurst(_arrivals, i, TypicalPause))
                yield return _arrivals[i] with { Bytes = _arrivals[i - 1].Bytes };
        }
    }

    /// <summary>
    /// Where a measurement of the given length ends: at the first burst after it that a usual pause precedes. After an
    /// unusually long one a pacer that keeps a deadline has yet to catch up, and would be judged by the machine's hiccup.
    /// If there is none, where the last burst began. The bytes are those that had arrived before it. Null with only one burst.
    /// </summary>
    /// <param name="duration">How long to measure, from the first receive.</param>
    public ArrivedBytes? EndOf(TimeSpan duration)
    {
        var end = _arrivals[0].Time + duration;
        for (var i = 1; i < _arrivals.Count; i++)
        {
            if (_arrivals[i].Time >= end && IsUsualBegin(_arrivals, i, TypicalPause))
                return _arrivals[i] with { Bytes = _arrivals[i - 1].Bytes };
        }

        ArrivedBytes? last = null;
        foreach (var burst in Bursts().Skip(1))
            last = burst;
        return last;
    }

    /// <summary>Whether a burst begins with a receive, and the pause before it was no unusually long one.</summary>
    internal static bool IsUsualBegin(IReadOnlyList<ArrivedBytes> arrivals, int index, TimeSpan typicalPause) =>
        BeginsBurst(arrivals, index, typicalPause) && arrivals[index].Time - arrivals[index - 1].Time <= typicalPause * 2;

    /// <summary>The typical pause among the first <paramref name="count"/> arrivals.</summary>
    internal static TimeSpan TypicalPauseOf(IReadOnlyList<ArrivedBytes> arrivals, int count)
    {
        if (count < 2)
            return TimeSpan.Zero;
        var pauses = new TimeSpan[count - 1];
        for (var i = 1; i < count; i++)
            pauses[i - 1] = arrivals[i].Time - arrivals[i - 1].Time;
        Array.Sort(pauses);
        var half = (arrivals[count - 1].Time - arrivals[0].Time) / 2;
        var sum = TimeSpan.Zero;
        var longest = pauses.Length - 1;
        for (; longest > 0; longest--)
        {
            sum += pauses[longest];
            if (sum >= half)
                break;
        }

        return pauses[longest];
    }

    private static bool BeginsBurst(IReadOnlyList<ArrivedBytes> arrivals, int index, TimeSpan typicalPause) =>
        arrivals[index].Time - arrivals[index - 1].Time >= typicalPause / 2;
}
