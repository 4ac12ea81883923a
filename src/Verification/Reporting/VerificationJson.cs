using System.Text.Json;
using System.Text.Json.Serialization;
using DaemonProxy.Verification.Advising;
using DaemonProxy.Verification.Verifying;

namespace DaemonProxy.Verification.Reporting;

/// <summary>
/// The results of a verification as JSON, for programs: an array of results. Sizes are bytes, rates bytes a second, times
/// <c>hh:mm:ss.fffffff</c>.
/// </summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<RateLimitResult>))]
[JsonSerializable(typeof(IReadOnlyList<FlushResult>))]
[JsonSerializable(typeof(IReadOnlyList<EmbeddedResult>))]
[JsonSerializable(typeof(IReadOnlyList<ServerRateLimitResult>))]
[JsonSerializable(typeof(IReadOnlyList<ServerFlushResult>))]
[JsonSerializable(typeof(IReadOnlyList<FlushSweepResult>))]
[JsonSerializable(typeof(IReadOnlyList<FlushAdvice>))]
public sealed partial class VerificationJson : JsonSerializerContext
{
    /// <summary>The results of one kind.</summary>
    public static string Text<TResult>(IReadOnlyList<TResult> results) =>
        JsonSerializer.Serialize(results, Default.GetTypeInfo(typeof(IReadOnlyList<TResult>))!);
}
