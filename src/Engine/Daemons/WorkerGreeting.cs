using System.Text.Json;
using System.Text.Json.Serialization;
using DaemonProxy.Configuration;

namespace DaemonProxy.Daemons;

/// <summary>
/// What a front end tells a worker of its own when it has started it: one line of JSON on what then is the worker's lifeline. Neither
/// command line nor environment, which others on the machine, and the application's children, can read.
/// </summary>
/// <param name="Secret">Is in each request that the front end sends to the worker, which takes no other: 64 hexadecimal digits.</param>
/// <param name="Group">The options of the worker's group, but for its identity and environment, which the process has already.</param>
/// <param name="RequireLoad">Whether the worker is to end when it cannot load its application, instead of answering 500 until it
/// can.</param>
public sealed record WorkerGreeting(string Secret, DaemonGroupOptions Group, bool RequireLoad)
{
    /// <summary>The most characters of the line that a worker reads: more than any list of folders.</summary>
    public const int LongestLine = 1 << 20;

    /// <summary>Makes the line, without its end.</summary>
    public string Format() =>
        JsonSerializer.Serialize(this with { Group = Group with { Identity = new() } }, WorkerGreetingJson.Default.WorkerGreeting);

    /// <summary>Reads the line; null when it is none.</summary>
    public static WorkerGreeting? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(
                line, WorkerGreetingJson.Default.WorkerGreeting) is { Secret.Length: > 0, Group: not null } greeting ? greeting : null;
        }
        catch (JsonException) { return null; }
    }
}

// Nothing that is 0 or off is left out: its default may be another.
[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(WorkerGreeting))]
internal sealed partial class WorkerGreetingJson : JsonSerializerContext;
