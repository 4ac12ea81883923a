namespace DaemonProxy.Verification.Verifying;

/// <summary>Keeps what a measurement in several steps has obtained when it is ended in the middle.</summary>
internal static class ResultsSoFar
{
    /// <summary>Measures until it is done or ended.</summary>
    /// <param name="measure">Measures, and adds each result as it comes.</param>
    /// <param name="cancellationToken">The token that <paramref name="measure"/> heeds.</param>
    /// <returns>All results, or those obtained when it was ended.</returns>
    /// <exception cref="OperationCanceledException">It was ended before the first result.</exception>
    public static async Task<IReadOnlyList<T>> CollectAsync<T>(Func<List<T>, Task> measure, CancellationToken cancellationToken)
    {
        var results = new List<T>();
        try
        {
            await measure(results).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (results.Count > 0 && cancellationToken.IsCancellationRequested)
        {
            // Those obtained so far are returned.
        }

        return results;
    }
}
