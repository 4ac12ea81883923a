using System.Management.Automation;
using DaemonProxy.Configuration;
using DaemonProxy.Editing;

namespace DaemonProxy.Cmdlets;

/// <summary>A cmdlet that creates, reads or writes configurations.</summary>
public abstract class ConfigurationCommand : DaemonProxyCommand
{
    /// <summary>The name that messages use for a configuration without a file.</summary>
    internal const string Unwritten = "configuration";

    /// <summary>Full path of PowerShell's location, the base of relative paths in a configuration without a file.</summary>
    private protected string CurrentFolder => SessionState.Path.CurrentFileSystemLocation.ProviderPath;

    /// <summary>
    /// The files that a parameter selects: the matches of a wildcard, any other path unchanged. Writes an error for a wildcard without
    /// matches.
    /// </summary>
    private protected IEnumerable<string> Files(string[] patterns)
    {
        foreach (var pattern in patterns)
        {
            if (!WildcardPattern.ContainsWildcardCharacters(pattern) || File.Exists(FullPath(pattern)))
            {
                yield return FullPath(pattern);
                continue;
            }

            var found = Matching(pattern);
            if (found.Count == 0)
                WriteError($"no file matches '{pattern}'; check its name and folder", "FileNotFound", ErrorCategory.ObjectNotFound,
                    pattern);
            foreach (var file in found)
                yield return file;
        }
    }

    private List<string> Matching(string pattern)
    {
        try
        {
            return [.. SessionState.Path.GetResolvedProviderPathFromPSPath(pattern, out _).Where(File.Exists)];
        }
        catch (ItemNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Writes a configuration to a file; errors say what is wrong with either.</summary>
    /// <returns>Whether the file now matches the configuration.</returns>
    private protected bool Save(DaemonProxyConfiguration configuration, string path, bool force)
    {
        try
        {
            var from = configuration.File is { } file ? Path.GetDirectoryName(file)! : CurrentFolder;
            var to = Path.GetDirectoryName(path)!;
            if (!configuration.Document.Save(path, force))
                WriteVerbose($"{path} says that already");
            if (configuration.Document.DependsOnFolder(from, to))
                WriteWarning($"relative paths of the configuration started from {from}; in {path} they start from {to}");
            return true;
        }
        catch (ConfigurationException mistakes)
        {
            WriteConfigurationErrors(mistakes);
        }
        catch (ConfigurationSaveException error)
        {
            WriteSaveError(error, path);
        }

        return false;
    }

    private protected void WriteSaveError(ConfigurationSaveException error, object target)
    {
        var (id, category) = error.Failure switch
        {
            SaveFailure.FileExists => ("FileExists", ErrorCategory.ResourceExists),
            SaveFailure.FileChanged => ("FileChanged", ErrorCategory.ResourceExists),
            SaveFailure.NotExpressible => ("ChangeNotExpressible", ErrorCategory.InvalidOperation),
            _ => ("FileNotWritable", ErrorCategory.WriteError),
        };
        WriteError(new ErrorRecord(error, id, category, target));
    }
}
