using System.CommandLine;

namespace DaemonProxy.Host.CommandLine;

/// <summary><c>--json</c>, an option of every verb that prints something for a person.</summary>
internal static class JsonOption
{
    public static Option<bool> Create() => new("--json") { Description = "Print JSON, for programs." };
}
