using System.Text.Json;
using System.Text.Json.Serialization;

namespace DaemonProxy.Daemons;

/// <summary>
/// What a front end tells a worker of its own when it has started it: one line of JSON on what then is the worker's lifeline. Neither command line nor
/// environment, which others on the machine, and the application's children, can read.
/// </summary>
/// <param name="Secret">Is in each request that the front end sends to the worker, which takes no other: 64 hexadecimal digits.</param>
public sealed record WorkerGreeting(string Secret)
{
    /// <summary>Makes the line, without its end.</summary>
    public string Format() => JsonSerializer.Serialize(this, WorkerGreetingJson.Default.WorkerGreeting);

    /// <summary>Reads the line; null when it is none.</summary>
    public static WorkerGreeting? Parse(string line)
    {
        try { return JsonSerializer.Deserialize(line, WorkerGreetingJson.Default.WorkerGreeting) is { Secret.Length: > 0 } greeting ? greeting : null; }
        catch (JsonException) { return null; }
    }
}

[JsonSerializable(typeof(WorkerGreeting))]
internal sealed partial class WorkerGreetingJson : JsonSerializerContext;
