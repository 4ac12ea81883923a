using System.Text.Json.Serialization;
using DaemonProxy.Control;

namespace DaemonProxy.Host.CommandLine;

/// <summary>The output of <c>status --json</c>: an indented array in the format of the control socket.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(List<InstanceStatus>))]
internal sealed partial class StatusJson : JsonSerializerContext;
