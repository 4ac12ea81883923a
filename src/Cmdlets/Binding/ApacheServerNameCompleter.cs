using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Completes the ServerName and ServerAlias values in an Apache configuration file. Files that it includes are not read, because nobody
/// waits for Tab.
/// </summary>
public sealed class ApacheServerNameCompleter : IArgumentCompleter
{
    private const long LongestWait = 1 << 20;

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        ArgumentNullException.ThrowIfNull(fakeBoundParameters);
        var path = fakeBoundParameters["Path"] switch
        {
            string one => one,
            IEnumerable<object> many => many.OfType<string>().FirstOrDefault(),
            _ => null
        };
        if (path is null)
            return [];
        try
        {
            // A completer is not told the current location; PowerShell's own is the folder that a typed path is relative to.
            using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
            var file = shell.AddCommand("Convert-Path").AddParameter("Path", path).Invoke<string>().FirstOrDefault();
            if (file is null || new FileInfo(file) is not { Exists: true, Length: <= LongestWait })
                return [];
            var pattern = WildcardPattern.Get((wordToComplete ?? "").Trim('\'', '"') + "*", WildcardOptions.IgnoreCase);
            return [.. File.ReadLines(file).Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
                .Where(words => words.Length > 1 && words[0].ToLowerInvariant() is "servername" or "serveralias")
                .SelectMany(words => words.Skip(1)).Select(name => name.Split(':')[0]).Distinct()
                .Where(name => !name.Contains('*') && pattern.IsMatch(name))
                .Select(name => new CompletionResult(name))];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or RuntimeException)
        {
            return [];
        }
    }
}
