using System.Text.Json;
using System.Text.Json.Serialization;
using DaemonProxy.Configuration;

namespace DaemonProxy.Daemons;

/// <summary>
/// What the front end tells a WSGI worker after starting it: one line of JSON on the worker's standard input, which afterwards serves as
/// its lifeline. The command line and the environment are not used, because others on the machine and the application's children can read
/// them.
/// </summary>
/// <param name="Secret">The secret in each request from the front end; the worker accepts no request without it. 64 hexadecimal
/// digits.</param>
/// <param name="Group">The options of the worker's group, except identity and environment, which the process already has.</param>
/// <param name="RequireLoad">Whether the worker ends when it cannot load its application, instead of answering 500 until it can.</param>
public sealed record WorkerGreeting(string Secret, DaemonGroupOptions Group, bool RequireLoad)
{
    /// <summary>The most characters of the line that a worker reads: more than any list of folders needs.</summary>
    public const int LongestLine = 1 << 20;

    /// <summary>Formats the greeting as a line, without the line end.</summary>
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

// Values that are 0 or off are written, too, because their defaults may differ.
[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(WorkerGreeting))]
internal sealed partial class WorkerGreetingJson : JsonSerializerContext;
