using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Completes the ServerName and ServerAlias of an Apache configuration's own file; those of files that it includes are left out: nobody
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
            // The completer is given no location; PowerShell's own is the folder of what was typed.
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
