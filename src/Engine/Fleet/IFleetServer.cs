namespace DaemonProxy.Fleet;

/// <summary>The server on which the members of a fleet agree.</summary>
public interface IFleetServer
{
    /// <summary>Runs <see cref="FleetScript"/>.</summary>
    /// <param name="keys">Its keys: the fleet's, then those of the limits.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>Its answer.</returns>
    /// <exception cref="FleetServerException">There is no answer.</exception>
    Task<long[]> CallAsync(IReadOnlyList<string> keys, IReadOnlyList<string> arguments);
}

/// <summary>The server of a fleet did not answer as it should.</summary>
/// <param name="message">Why, and what would be right, in one sentence without a full stop.</param>
/// <param name="isLasting">Whether waiting does not help: a wrong password, a server that may not be written to.</param>
/// <param name="cause">What the client reported.</param>
public sealed class FleetServerException(string message, bool isLasting, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Whether waiting does not help.</summary>
    public bool IsLasting => isLasting;
}
