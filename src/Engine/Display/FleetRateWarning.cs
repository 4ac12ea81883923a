using DaemonProxy.Control;

namespace DaemonProxy.Display;

/// <summary>The warning for a change of a limit that only some front ends of the fleet have got: each keeps a rate of its own.</summary>
public static class FleetRateWarning
{
    /// <summary>The warning; null when every front end of the fleet has got the change.</summary>
    /// <param name="fleet">The fleet, as one of those that have got it knows it.</param>
    /// <param name="changed">How many have got it.</param>
    public static string? From(FleetStatus fleet, int changed)
    {
        ArgumentNullException.ThrowIfNull(fleet);
        if (fleet.State == nameof(FleetState.Connected) && changed >= fleet.Members) return null;
        var of = fleet.State == nameof(FleetState.Connected) ? $"the {fleet.Members} front ends" : "the front ends";
        return $"Only {changed} of {of} of fleet '{fleet.Fleet}' {(changed == 1 ? "has" : "have")} the new rate; the others keep theirs, and "
            + "the lowest rate among those that use the limit holds for all of them: run the same Set-RateLimit for every front end, on every machine.";
    }
}
