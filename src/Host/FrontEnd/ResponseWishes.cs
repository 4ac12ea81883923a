using System.Globalization;
using DaemonProxy.Daemons;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// What an application asks of the front end for one response, in the headers that nginx made customary: <c>X-Accel-Limit-Rate: BYTES</c>
/// lowers its rate, <c>X-Accel-Buffering: no</c> sends each block at once, as a stream of server-sent events is sent without asking. The
/// client does not get to see them.
/// </summary>
/// <param name="Rate">Bytes a second at most; 0: none asked for.</param>
/// <param name="Prompt">Whether each block is to be flushed at once.</param>
/// <param name="ContentType">The response's content type, by which limits may be chosen; null: it has none.</param>
internal readonly record struct ResponseWishes(long Rate, bool Prompt, string? ContentType)
{
    private const string LimitRate = "X-Accel-Limit-Rate";
    private const string Buffering = "X-Accel-Buffering";

    /// <summary>Whether a header is for the front end, and not for the client.</summary>
    public static bool IsWish(string name) =>
        name.StartsWith("X-Accel-", StringComparison.OrdinalIgnoreCase)
        && (name.Equals(LimitRate, StringComparison.OrdinalIgnoreCase) || name.Equals(Buffering, StringComparison.OrdinalIgnoreCase));

    /// <summary>Reads them. What makes no sense is as if it were not there, as in nginx.</summary>
    public static ResponseWishes From(ResponseHead head)
    {
        long rate = 0;
        var prompt = false;
        string? contentType = null;
        foreach (var (name, value) in head.Headers)
        {
            if (name.Equals(LimitRate, StringComparison.OrdinalIgnoreCase)
                && long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes))
                rate = bytes;
            else if (name.Equals(Buffering, StringComparison.OrdinalIgnoreCase))
                prompt |= value.Equals("no", StringComparison.OrdinalIgnoreCase);
            else if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
            {
                prompt |= IsEventStream(value);
                contentType = value;
            }
        }
        return new(rate, prompt, contentType);
    }

    private static bool IsEventStream(string type) =>
        type.AsSpan(0, type.IndexOf(';') is >= 0 and var end ? end : type.Length).Trim()
        .Equals("text/event-stream", StringComparison.OrdinalIgnoreCase);
}
