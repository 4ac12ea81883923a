using System.Text.Json.Serialization;
using DaemonProxy.Control;

namespace DaemonProxy.Host.CommandLine;

/// <summary>What <c>status --json</c> prints: an array, in the form of the control socket, indented.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(List<InstanceStatus>))]
internal sealed partial class StatusJson : JsonSerializerContext;
