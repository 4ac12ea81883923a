using DaemonProxy.Configuration;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// What a rate limit slows down. Mirrors the engine's <see cref="RateDirection"/>, which cannot be the type of a cmdlet's field: PowerShell
/// inspects those before it can find the engine.
/// </summary>
public enum RateLimitDirection
{
    /// <summary>Responses.</summary>
    Download,

    /// <summary>The bodies of requests.</summary>
    Upload,
}

/// <summary>Converts directions to the engine's.</summary>
internal static class RateLimitDirectionMapping
{
    public static RateDirection ToRateDirection(this RateLimitDirection direction) => (RateDirection)direction;
}
