using System.Globalization;
using DaemonProxy.Configuration;
using DaemonProxy.Fleet;

namespace DaemonProxy.Filters;

/// <summary>A limit that a fleet shares: what the front ends know it by.</summary>
/// <remarks>
/// Its key is made from where it stands and what it applies to, and not from its rate: front ends that are reconfigured one after the other
/// share it with those that are not yet. Of their rates the lowest holds.
/// </remarks>
public sealed class FleetLimit
{
    private readonly string _key;

    /// <summary>Describes a limit.</summary>
    /// <param name="member">The fleet's member.</param>
    /// <param name="options">The limit's configuration.</param>
    /// <param name="place">Where the configuration has it: a route's path, or empty for all routes.</param>
    public FleetLimit(FleetMember member, RateLimitOptions options, string place)
    {
        Member = member;
        var conditions = options.Conditions;
        _key = string.Join('|', options.Direction.ToString().ToLowerInvariant(), place, options.RateScope.ToString().ToLowerInvariant(), string.Join(',', conditions.Methods),
            string.Join(',', conditions.ContentTypes), string.Join(',', conditions.Paths),
            conditions.MinimumSize.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The fleet's member.</summary>
    public FleetMember Member { get; }

    /// <summary>The key of the clients beyond the most that are told apart.</summary>
    internal string OverflowKey => $"{_key}|others";

    /// <summary>The key of a share of the limit.</summary>
    internal string KeyOf(in RateLimitKey key) => $"{_key}|{key.Route}|{key.Client}";
}
