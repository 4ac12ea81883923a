using System.Diagnostics;
using System.Globalization;
using System.Net;
using DaemonProxy.Configuration;
using DaemonProxy.Verification.Measuring;

namespace DaemonProxy.Verification.Verifying;

/// <summary>Measures how closely any HTTP server keeps uploads to a rate.</summary>
/// <remarks>
/// A client does not see when a server takes what it sends: megabytes of it fit into the buffers on the way. What it sees is the answer,
/// which comes when all of the body has been taken. So the same is uploaded twice, first a tenth as much, and the rate is the difference of
/// the sizes by the difference of the times: what leaves at once at the beginning, the round trips and the application's own time are in
/// both and cancel out.
/// </remarks>
internal static class ServerUploadMeasurement
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);

    /// <summary>How much longer than expected the longer upload may take before it is given up.</summary>
    private const int MostTimes = 4;

    /// <summary>Measures. Never throws because of what a server does: the result says what went wrong.</summary>
    /// <param name="options">What to measure; checked.</param>
    /// <param name="startTime">When the measurement began.</param>
    /// <param name="endPoints">The server's addresses.</param>
    /// <param name="progress">Receives progress reports several times a second; may be null.</param>
    /// <param name="cancellationToken">Ends the measurement.</param>
    public static async Task<ServerRateLimitResult> RunAsync(
        ServerRateLimitOptions options, DateTimeOffset startTime, IReadOnlyList<EndPoint> endPoints,
        IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        var share = (double)options.Rate / (options.Shared ? options.Connections : 1);
        var longer = Math.Max(1, (long)(share * options.Duration.TotalSeconds));
        var shorter = longer / 10;
        var request = options.Request(endPoints) with { TakesAnyStatus = true, IsBlocking = options.Connections <= ServerRateLimitVerification.MostThreads };

        var first = await UploadAsync(options, request, options.Skip + shorter, shorter / share, progress, cancellationToken)
            .ConfigureAwait(false);
        if (Failed(options, startTime, first, cancellationToken) is { } early) return early;
        var second = await UploadAsync(
            options, request, options.Skip + shorter + longer, (shorter + longer) / share, progress, cancellationToken)
            .ConfigureAwait(false);
        if (Failed(options, startTime, second, cancellationToken) is { } late) return late;
        progress?.Report(new VerificationProgress("Measured", 1));
        return Judge(options, startTime, share, longer, first, second);
    }

    private static async Task<StampedConnection[]> UploadAsync(
        ServerRateLimitOptions options, ConnectionRequest request, long size, double expectedSeconds,
        IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        // The answer comes when all has been taken, and until then nothing does: what is on its way may be all of it.
        var patient = request with { Upload = size, WaitLimit = request.WaitLimit + TimeSpan.FromSeconds(expectedSeconds * MostTimes) };
        var connections = Enumerable.Range(0, options.Connections).Select(_ => StampedConnection.Start(patient)).ToArray();
        var start = Stopwatch.GetTimestamp();
        while (!cancellationToken.IsCancellationRequested && !connections.All(connection => connection.Ended.IsCompleted))
        {
            foreach (var connection in connections) connection.CheckWait();
            var elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
            progress?.Report(new VerificationProgress(
                string.Create(CultureInfo.InvariantCulture,
                    $"Uploading {Units.FormatSize(size)}{(connections.Length > 1 ? $" over each of {connections.Length} connections" : "")}, "
                    + $"{elapsed:0.0} s of about {expectedSeconds:0.0} s"),
                Math.Min(0.999, elapsed / expectedSeconds)));
            await Task.WhenAny(Task.WhenAll(connections.Select(connection => connection.Ended)),
                Task.Delay(Tick, TimeProvider.System, cancellationToken)).ConfigureAwait(false);
        }
        foreach (var connection in connections) connection.GiveUp();
        await Task.WhenAll(connections.Select(connection => connection.Ended)).ConfigureAwait(false);
        return connections;
    }

    private static ServerRateLimitResult? Failed(
        ServerRateLimitOptions options, DateTimeOffset startTime, StampedConnection[] connections, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ServerRateLimitSummary.Failed(
                options, startTime, MeasurementFailure.None, "Interrupted before there was a rate to measure.")
                with
            { Interrupted = true };
        }
        foreach (var connection in connections)
        {
            if (connection.Problem is { } problem) return ServerRateLimitSummary.Failed(options, startTime, connection.Failure, problem);
            if (connection.Response.Status is < 200 or > 299)
            {
                return ServerRateLimitSummary.Failed(options, startTime, MeasurementFailure.UnexpectedAnswer,
                    $"{options.Uri} answers {connection.Response.Status} to a POST; measure an address that takes uploads.");
            }
        }
        return null;
    }

    private static ServerRateLimitResult Judge(
        ServerRateLimitOptions options, DateTimeOffset startTime, double share, long size, StampedConnection[] first,
        StampedConnection[] second)
    {
        // Uploads that share a rate end together, but not in the same order twice.
        var shortest = TimeSpan.FromTicks((long)first.Average(connection => connection.TimeToHead!.Value.Ticks));
        var details = second.Select(connection => Detail(connection, connection.TimeToHead!.Value - shortest, size, share)).ToArray();
        if (details.Any(detail => detail.AchievedRate <= 0))
        {
            return ServerRateLimitSummary.Failed(options, startTime, MeasurementFailure.TooShort,
                $"{options.Uri} answers an upload that is eleven times as long no later, so that there is no rate to see; measure an "
                    + "address "
                + "that reads all of it, or for longer.");
        }
        var achieved = options.Shared
            ? details.Length * size / details.Max(detail => detail.Duration).TotalSeconds : details.Average(detail => detail.AchievedRate);
        var error = achieved / options.Rate - 1;
        var within = details.Count(detail => Math.Abs(detail.ErrorPercent) <= options.Tolerance * 100);
        return ServerRateLimitSummary.Empty(options, startTime) with
        {
            AchievedRate = achieved,
            Ratio = achieved / options.Rate,
            ErrorPercent = error * 100,
            ConnectionsWithin = within,
            Fairness = details.Min(detail => detail.AchievedRate) / details.Max(detail => detail.AchievedRate),
            TimeToFirstByte = second.Max(connection => connection.TimeToHead),
            Bytes = size * details.Length,
            Duration = details.Max(detail => detail.Duration),
            Details = details,
            Passed = Math.Abs(error) <= options.Tolerance && (options.Shared || within == options.Connections),
        };
    }

    private static MeasuredRate Detail(StampedConnection connection, TimeSpan time, long size, double share)
    {
        var achieved = time > TimeSpan.Zero ? size / time.TotalSeconds : 0;
        return new()
        {
            AchievedRate = achieved,
            ErrorPercent = (achieved / share - 1) * 100,
            TimeToFirstByte = connection.TimeToHead,
            Bytes = size,
            Duration = time,
        };
    }
}
