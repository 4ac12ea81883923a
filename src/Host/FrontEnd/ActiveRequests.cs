using DaemonProxy.Control;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// The requests being served, for status reports. Each request enters and leaves one of several lists, so that threads rarely contend for a
/// lock and a request needs no extra memory.
/// </summary>
internal sealed class ActiveRequests
{
    // More than an answer can show, and few enough to keep the answer short.
    private const int Listed = 200;

    private readonly Shelf[] _shelves = [.. Enumerable.Range(0, 16).Select(_ => new Shelf())];

    /// <summary>Adds a request that has begun.</summary>
    public void Enter(RequestRecord record)
    {
        record.Shelf = (int)((uint)Environment.CurrentManagedThreadId % (uint)_shelves.Length);
        var shelf = _shelves[record.Shelf];
        lock (shelf.Gate)
        {
            record.Next = shelf.First;
            if (shelf.First is { } first) first.Previous = record;
            shelf.First = record;
        }
    }

    /// <summary>Removes a request that has ended.</summary>
    public void Leave(RequestRecord record)
    {
        var shelf = _shelves[record.Shelf];
        lock (shelf.Gate)
        {
            if (record.Previous is { } previous) previous.Next = record.Next;
            else shelf.First = record.Next;
            if (record.Next is { } next) next.Previous = record.Previous;
            record.Next = record.Previous = null;
        }
    }

    /// <summary>Returns the requests being served now, with full details for the oldest.</summary>
    /// <param name="describe">Describes a request; called under a lock.</param>
    public ActiveResponses Status(Func<RequestRecord, ActiveResponse> describe)
    {
        var all = new List<ActiveResponse>();
        foreach (var shelf in _shelves)
        {
            // No request can end while the lock is held, so the records still belong to their requests.
            lock (shelf.Gate)
            {
                for (var record = shelf.First; record is not null; record = record.Next) all.Add(describe(record));
            }
        }
        var byRoute = all.GroupBy(response => response.Route ?? "")
            .ToDictionary(
            route => route.Key, route => new ActiveRoute(route.Count(), route.Sum(response => response.Bytes)), StringComparer.Ordinal);
        return new(all.Count, all.Sum(response => response.Bytes), byRoute, [.. all.OrderBy(response => response.Id).Take(Listed)]);
    }

    private sealed class Shelf
    {
        public readonly Lock Gate = new();
        public RequestRecord? First;
    }
}
