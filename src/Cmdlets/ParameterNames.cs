using System.Text.RegularExpressions;

namespace DaemonProxy.Cmdlets;

/// <summary>Names parameters where a message of the host names the options of its command line.</summary>
internal static partial class ParameterNames
{
    // The options of `daemonproxy serve` that Start-DaemonProxy passes on.
    private static readonly Dictionary<string, string> Parameters = new(StringComparer.Ordinal)
    {
        ["--application"] = "-Application",
        ["--listen"] = "-Listen",
        ["--log"] = "-LogPath",
        ["--name"] = "-Name",
        ["--processes"] = "-Processes",
        ["--python-home"] = "-PythonHome",
        ["--threads"] = "-Threads",
    };

    /// <summary>The message with the names of parameters; the same text when it names no option.</summary>
    public static string Replace(string message) =>
        Option().Replace(message, option => Parameters.GetValueOrDefault(option.Value, option.Value));

    [GeneratedRegex(@"(?<![\w-])--[a-z]+(-[a-z]+)*")]
    private static partial Regex Option();
}
