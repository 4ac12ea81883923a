using System.Text.Json.Serialization;

namespace DaemonProxy.Control;

/// <summary>A front end's status and the requests that it is serving at one moment: <c>GET /v1/activity</c>.</summary>
/// <param name="Status">The front end's status.</param>
/// <param name="Responses">The requests that it is serving.</param>
/// <param name="Time">When this was taken.</param>
public sealed record InstanceActivity(InstanceStatus Status, ActiveResponses Responses, DateTimeOffset Time);

/// <summary>The requests being served at one moment.</summary>
/// <param name="Count">The number of requests.</param>
/// <param name="Bytes">Bytes of their bodies sent so far; <see cref="InstanceStatus.Traffic"/> counts them only when the response
/// ends.</param>
/// <param name="ByRoute">The same for each route that has any; requests that no route matches are under an empty name.</param>
/// <param name="Oldest">The oldest of them, individually; not all of them when there are many.</param>
public sealed record ActiveResponses(
    int Count, long Bytes, IReadOnlyDictionary<string, ActiveRoute> ByRoute, IReadOnlyList<ActiveResponse> Oldest);

/// <summary>The requests being served by a route.</summary>
/// <param name="Count">The number of requests.</param>
/// <param name="Bytes">Bytes of their bodies sent so far.</param>
public sealed record ActiveRoute(int Count, long Bytes);

/// <summary>A response in flight.</summary>
/// <param name="Name">The front end's name.</param>
/// <param name="Id">The request's number since the front end's start.</param>
/// <param name="Method">The request's method.</param>
/// <param name="Path">The request's path, decoded. Untrusted text.</param>
/// <param name="Route">Its route; null until one is found.</param>
/// <param name="Daemon">Its daemon group; null in embedded mode.</param>
/// <param name="Status">The application's status; null until there is one.</param>
/// <param name="Bytes">Bytes of the body sent so far.</param>
/// <param name="Elapsed">How long it has been served.</param>
public sealed record ActiveResponse(
    string Name, long Id, string Method, string Path, string? Route, string? Daemon, int? Status, long Bytes, TimeSpan Elapsed)
{
    /// <summary>Bytes of the body sent per second, for callers that have taken two snapshots; not part of the front end's answer.</summary>
    [JsonIgnore]
    public double ByteRate { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Method} {Path}";
}
