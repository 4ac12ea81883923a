using System.Text.RegularExpressions;
using DaemonProxy.Host.Hosting;

namespace DaemonProxy.Host.Telemetry;

/// <summary>
/// Reads the headers that a collector asks for from a file of their own, where a key is not seen by whoever reads the configuration.
/// </summary>
internal static partial class CollectorHeaders
{
    /// <summary>
    /// Returns the headers. A line is <c>name: value</c>; empty ones and those that begin with
    /// <c>#</c> are skipped.
    /// </summary>
    /// <exception cref="ServerStartException">The file cannot be read, or has a line that is none.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(string file)
    {
        string[] lines;
        try { lines = File.ReadAllLines(file); }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ServerStartException($"the headers-file {file} cannot be read: {failure.Message}", failure);
        }
        var headers = new List<KeyValuePair<string, string>>();
        for (var number = 1; number <= lines.Length; number++)
        {
            var line = lines[number - 1].Trim();
            if (line.Length == 0 || line[0] == '#') continue;
            // The line itself may be a secret.
            if (Header().Match(line) is not { Success: true } match)
                throw new ServerStartException(
                    $"line {number} of the headers-file {file} is no header; write for example 'api-key: 123', or put a # before it");
            headers.Add(new(match.Groups[1].Value, match.Groups[2].Value));
        }
        return headers;
    }

    [GeneratedRegex(@"^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*([\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)$")]
    private static partial Regex Header();
}
