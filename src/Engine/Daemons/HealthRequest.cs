using System.Net.Sockets;
using DaemonProxy.Configuration;
using DaemonProxy.Events;

namespace DaemonProxy.Daemons;

/// <summary>Asks a worker for the answer to its group's health check.</summary>
internal delegate Task<HealthAnswer> HealthProbe(DaemonWorker worker, CancellationToken stop);

/// <summary>What one check of a worker has shown.</summary>
/// <param name="Passed">Whether it passed; null: the check could not be made, which says nothing about the worker.</param>
/// <param name="Text">What came of it, as in <c>GET /health answered 503, and 200-399 is expected</c>.</param>
internal readonly record struct HealthAnswer(bool? Passed, string Text);

/// <summary>
/// One health check: a GET on a connection of its own, directly to the worker, so that it is in no access log and no statistics of the
/// front end.
/// </summary>
/// <param name="check">What is asked, and what passes.</param>
/// <param name="header">A header that the worker insists on; null: none.</param>
/// <param name="time">The clock for the timeout.</param>
internal sealed class HealthRequest(HealthCheckOptions check, Func<(string Name, string Value)>? header, TimeProvider time)
{
    // Enough of a body for most servers not to see their answer cut off, and no more work than that.
    private const int MostOfBody = 65_536;

    /// <summary>Makes the check. It takes no longer than its timeout.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled.</exception>
    public async Task<HealthAnswer> SendAsync(DaemonWorker worker, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(check.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
        try
        {
            using var connection = await worker.ConnectAsync(check.Timeout, either.Token).ConfigureAwait(false);
            using (var head = Head())
                await connection.SendAsync(head.Bytes, either.Token).ConfigureAwait(false);
            var response = await connection.ReadHeadAsync(toHead: false, goAhead: null, either.Token).ConfigureAwait(false);
            await ReadBodyAsync(connection, either.Token).ConfigureAwait(false);
            return check.Passes(response.Status)
                ? new(true, $"GET {check.Path} answered {response.Status}")
                : new(false, $"GET {check.Path} answered {response.Status}, and {check.Expected} is expected");
        }
        catch (SocketException failure) when (DaemonGroup.IsOwn(failure, worker.Address))
        {
            return new(null, failure.Message);
        }
        catch (SocketException failure)
        {
            return new(false, $"GET {check.Path} could not be sent: {failure.Message}");
        }
        catch (Exception failure) when (!stop.IsCancellationRequested && failure is OperationCanceledException or TimeoutException)
        {
            return new(false, $"GET {check.Path} was not answered within {Units.FormatDuration(check.Timeout)}");
        }
        catch (NothingCameException failure)
        {
            return new(false, $"GET {check.Path} was not answered: {Detail(failure.Reason)}");
        }
        catch (BrokenResponseException failure)
        {
            return new(false, $"GET {check.Path} has no valid answer: {Detail(failure)}");
        }
    }

    private static string Detail(BrokenResponseException failure) =>
        failure.Message.Length > 0 ? $"{failure.Reason.Title} ({failure.Message})" : failure.Reason.Title;

    private RequestHead Head()
    {
        var head = new RequestHead();
        head.Start("GET", check.Path, check.Host);
        head.Add("User-Agent", "DaemonProxy-health-check");
        head.Add("Connection", "close");
        if (header?.Invoke() is var (name, value)) head.Add(name, value);
        head.End(RequestFraming.None);
        return head;
    }

    /// <summary>Reads the body away. Only the status counts, so that whatever becomes of the body is no failure.</summary>
    private static async Task ReadBodyAsync(DaemonConnection connection, CancellationToken stop)
    {
        var read = 0;
        try
        {
            while (read < MostOfBody)
            {
                if (!connection.TryRead(out var block))
                {
                    await connection.WaitAsync(Timeout.InfiniteTimeSpan, stop).ConfigureAwait(false);
                    continue;
                }
                if (block.End) return;
                read += block.Data.Length;
            }
        }
        catch (Exception failure) when (failure is BrokenResponseException or SocketException or OperationCanceledException)
        {
        }
    }
}
