using DaemonProxy.Configuration;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// What shares a rate limit. Mirrors the engine's <see cref="RateScope"/>, which cannot be the type of a cmdlet's field: PowerShell
/// inspects those before it can find the engine.
/// </summary>
public enum RateLimitScope
{
    /// <summary>Nothing: each response has the rate to itself.</summary>
    Response,

    /// <summary>The responses to one client.</summary>
    Client,

    /// <summary>The responses of one route.</summary>
    Route,

    /// <summary>All responses.</summary>
    Total,
}

/// <summary>Converts scopes to the engine's.</summary>
internal static class RateLimitScopeMapping
{
    public static RateScope ToRateScope(this RateLimitScope scope) => (RateScope)scope;
}
