using System.Globalization;
using DaemonProxy.Daemons;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// Wishes of an application for a single response, in headers that nginx established: <c>X-Accel-Limit-Rate: BYTES</c> lowers its rate;
/// <c>X-Accel-Buffering: no</c> sends each block at once, which is the default for server-sent events. The client does not see these
/// headers.
/// </summary>
/// <param name="Rate">The maximum rate in bytes per second; 0: none requested.</param>
/// <param name="Prompt">Whether each block is flushed at once.</param>
/// <param name="ContentType">The response's content type, by which limits may be selected; null: none.</param>
internal readonly record struct ResponseWishes(long Rate, bool Prompt, string? ContentType)
{
    private const string LimitRate = "X-Accel-Limit-Rate";
    private const string Buffering = "X-Accel-Buffering";

    /// <summary>Whether a header is addressed to the front end and hidden from the client.</summary>
    public static bool IsWish(string name) =>
        name.StartsWith("X-Accel-", StringComparison.OrdinalIgnoreCase)
        && (name.Equals(LimitRate, StringComparison.OrdinalIgnoreCase) || name.Equals(Buffering, StringComparison.OrdinalIgnoreCase));

    /// <summary>Reads the headers. Values that make no sense are ignored, as in nginx.</summary>
    public static ResponseWishes From(ResponseHead head)
    {
        long rate = 0;
        var prompt = false;
        string? contentType = null;
        foreach (var (name, value) in head.Headers)
        {
            switch (name.Length)
            {
                case 18 when name.Equals(LimitRate, StringComparison.OrdinalIgnoreCase):
                    if (long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)) rate = bytes;
                    break;
                case 17 when name.Equals(Buffering, StringComparison.OrdinalIgnoreCase):
                    prompt |= value.Equals("no", StringComparison.OrdinalIgnoreCase);
                    break;
                case 12 when name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase):
                    prompt |= IsEventStream(value);
                    contentType = value;
                    break;
            }
        }
        return new(rate, prompt, contentType);
    }

    private static bool IsEventStream(string type) =>
        type.AsSpan(0, type.IndexOf(';') is >= 0 and var end ? end : type.Length).Trim()
        .Equals("text/event-stream", StringComparison.OrdinalIgnoreCase);
}
