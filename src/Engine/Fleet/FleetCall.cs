namespace DaemonProxy.Fleet;

/// <summary>One call of a member: all limits that it uses, in one round trip.</summary>
/// <param name="Keys">The keys for the script.</param>
/// <param name="Arguments">The arguments for the script.</param>
/// <param name="Sent">When it was made, on the member's clock.</param>
public sealed record FleetCall(IReadOnlyList<string> Keys, IReadOnlyList<string> Arguments, long Sent)
{
    /// <summary>The shares, in the order of the keys.</summary>
    internal IReadOnlyList<FleetShare> Shares { get; init; } = [];

    /// <summary>The limits that are given up; their keys follow those of the shares.</summary>
    internal IReadOnlyList<(string Key, long Rate)> Given { get; init; } = [];
}
