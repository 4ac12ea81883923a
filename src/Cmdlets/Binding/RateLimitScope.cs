using DaemonProxy.Configuration;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// What shares a rate limit: the engine's <see cref="RateScope"/>, which no field of a cmdlet can be, for PowerShell looks at these before
/// it knows of the engine.
/// </summary>
public enum RateLimitScope
{
    /// <summary>Nothing: each response has the rate for itself.</summary>
    Response,

    /// <summary>The responses to one client.</summary>
    Client,

    /// <summary>The responses of one route.</summary>
    Route,

    /// <summary>All responses.</summary>
    Total,
}

/// <summary>The scopes as the engine knows them.</summary>
internal static class RateLimitScopeMapping
{
    public static RateScope ToRateScope(this RateLimitScope scope) => (RateScope)scope;
}
