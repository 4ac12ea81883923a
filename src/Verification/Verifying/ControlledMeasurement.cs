using System.Globalization;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>Measures alongside a control stream, so that a busy machine is not mistaken for a fault in the code under test.</summary>
internal static class ControlledMeasurement
{
    /// <summary>A disturbance that persists after this many tries will not pass soon.</summary>
    private const int MostTries = 3;

    /// <summary>Measures some rows, and repeats those that missed what was expected while the machine was disturbed.</summary>
    /// <param name="count">How many rows there are.</param>
    /// <param name="measure">Measures the rows with these numbers, in the same seconds.</param>
    /// <param name="hasMissed">Whether a row was measured and is not as expected.</param>
    /// <param name="excuse">Returns the row with the sentence that says why it could not be measured now.</param>
    /// <param name="control">Starts a control stream. When the rows have been measured, the stream is asked how late it was at worst, then
    /// disposed of.</param>
    public static async Task<IReadOnlyList<TResult>> RunAsync<TResult>(
        int count, Func<IReadOnlyList<int>, Task<IReadOnlyList<TResult>>> measure, Func<TResult, bool> hasMissed, Func<TResult, string,
            TResult> excuse,
        Func<(IDisposable Stream, Func<TimeSpan> Worst)> control)
    {
        var results = new TResult[count];
        IReadOnlyList<int> open = [.. Enumerable.Range(0, count)];
        for (var i = 1; open.Count > 0; i++)
        {
            var (stream, worst) = control();
            TimeSpan late;
            using (stream)
            {
                var measured = await measure(open).ConfigureAwait(false);
                for (var row = 0; row < open.Count; row++)
                    results[open[row]] = measured[row];
                late = worst();
            }

            open = [.. open.Where(row => hasMissed(results[row]))];
            if (late <= ControlStream.Allowance)
                break;
            if (i < MostTries)
                continue;
            foreach (var row in open)
                results[row] = excuse(results[row], Sentence(late));
            break;
        }

        return results;
    }

    /// <summary>Measures beside a stream on this machine.</summary>
    public static Task<IReadOnlyList<TResult>> RunAsync<TResult>(
        int count, Func<IReadOnlyList<int>, Task<IReadOnlyList<TResult>>> measure, Func<TResult, bool> hasMissed, Func<TResult, string,
            TResult> excuse) =>
        RunAsync(count, measure, hasMissed, excuse, () =>
        {
            var stream = new ControlStream(TimeProvider.System);
            return (stream, () => stream.Worst);
        });

    /// <summary>The same for one row.</summary>
    public static async Task<TResult> RunAsync<TResult>(
        Func<Task<TResult>> measure, Func<TResult, bool> hasMissed, Func<TResult, string, TResult> excuse) =>
        (await RunAsync<TResult>(1, async _ => [await measure().ConfigureAwait(false)], hasMissed, excuse).ConfigureAwait(false))[0];

    private static string Sentence(TimeSpan late) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"not measurable now: this machine woke timers up to {Math.Ceiling(late.TotalMilliseconds):0} ms late");
}
