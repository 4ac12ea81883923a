using System.Text.Json;
using System.Text.Json.Serialization;
using DaemonProxy.Verification.Measuring;
using DaemonProxy.Verification.Verifying;

namespace DaemonProxy.Verification.Reporting;

/// <summary>The results of a verification as JSON, for programs: an array of results. Sizes are bytes, rates bytes a second, times <c>hh:mm:ss.fffffff</c>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<RateLimitResult>))]
[JsonSerializable(typeof(IReadOnlyList<FlushResult>))]
[JsonSerializable(typeof(IReadOnlyList<EmbeddedResult>))]
[JsonSerializable(typeof(IReadOnlyList<ServerRateLimitResult>))]
[JsonSerializable(typeof(IReadOnlyList<ServerFlushResult>))]
public sealed partial class VerificationJson : JsonSerializerContext
{
    /// <summary>The results of <see cref="RateLimitVerification"/>.</summary>
    public static string Text(IReadOnlyList<RateLimitResult> results) => JsonSerializer.Serialize(results, Default.IReadOnlyListRateLimitResult);

    /// <summary>The results of <see cref="FlushVerification"/>.</summary>
    public static string Text(IReadOnlyList<FlushResult> results) => JsonSerializer.Serialize(results, Default.IReadOnlyListFlushResult);

    /// <summary>The results of <see cref="EmbeddedVerification"/>.</summary>
    public static string Text(IReadOnlyList<EmbeddedResult> results) => JsonSerializer.Serialize(results, Default.IReadOnlyListEmbeddedResult);

    /// <summary>The results of <see cref="ServerRateLimitVerification"/>.</summary>
    public static string Text(IReadOnlyList<ServerRateLimitResult> results) => JsonSerializer.Serialize(results, Default.IReadOnlyListServerRateLimitResult);

    /// <summary>The results of <see cref="ServerFlushVerification"/>.</summary>
    public static string Text(IReadOnlyList<ServerFlushResult> results) => JsonSerializer.Serialize(results, Default.IReadOnlyListServerFlushResult);
}
