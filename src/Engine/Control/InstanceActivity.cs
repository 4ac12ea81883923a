using System.Text.Json.Serialization;

namespace DaemonProxy.Control;

/// <summary>A front end and what it is serving at one moment: <c>GET /v1/activity</c>.</summary>
/// <param name="Status">What it says of itself.</param>
/// <param name="Responses">What it is serving.</param>
/// <param name="Time">When.</param>
public sealed record InstanceActivity(InstanceStatus Status, ActiveResponses Responses, DateTimeOffset Time);

/// <summary>The requests being served at one moment.</summary>
/// <param name="Count">How many.</param>
/// <param name="Bytes">Bytes of their bodies sent so far; they are not in <see cref="InstanceStatus.Traffic"/> before their end.</param>
/// <param name="ByRoute">The same for each route that has any; those that no route matches, under an empty name.</param>
/// <param name="Oldest">The oldest of them, one by one; not all where there are many.</param>
public sealed record ActiveResponses(
    int Count, long Bytes, IReadOnlyDictionary<string, ActiveRoute> ByRoute, IReadOnlyList<ActiveResponse> Oldest);

/// <summary>The requests being served by a route.</summary>
/// <param name="Count">How many.</param>
/// <param name="Bytes">Bytes of their bodies sent so far.</param>
public sealed record ActiveRoute(int Count, long Bytes);

/// <summary>A response in flight.</summary>
/// <param name="Name">The front end's name.</param>
/// <param name="Id">The request's number since the front end's start.</param>
/// <param name="Method">The request's method.</param>
/// <param name="Path">The request's path, decoded: a stranger's text.</param>
/// <param name="Route">Its route; null before one is found.</param>
/// <param name="Daemon">Its daemon group; null in embedded mode.</param>
/// <param name="Status">The application's status; null before there is one.</param>
/// <param name="Bytes">Bytes of the body sent so far.</param>
/// <param name="Elapsed">How long it has been served.</param>
public sealed record ActiveResponse(
    string Name, long Id, string Method, string Path, string? Route, string? Daemon, int? Status, long Bytes, TimeSpan Elapsed)
{
    /// <summary>Bytes of the body sent, a second, for those who have looked twice; no part of what the front end says.</summary>
    [JsonIgnore]
    public double ByteRate { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Method} {Path}";
}
