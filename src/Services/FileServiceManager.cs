using DaemonProxy.Configuration;

namespace DaemonProxy.Services;

/// <summary>A service manager that reads a file for each service. Decides which files are written, left alone, and removed.</summary>
/// <param name="scope">Whose services.</param>
/// <param name="folder">Full path of the folder that the manager reads.</param>
public abstract class FileServiceManager(ServiceScope scope, string folder) : ServiceManager
{
    /// <summary>Whose services.</summary>
    protected ServiceScope Scope => scope;

    /// <summary>The beginning of a file's name; the front end's name and <see cref="Suffix"/> follow.</summary>
    private protected abstract string Prefix { get; }

    /// <summary>The end of a file's name.</summary>
    private protected abstract string Suffix { get; }

    /// <summary>The text that distinguishes our files from somebody else's.</summary>
    private protected abstract string Mark { get; }

    /// <inheritdoc/>
    public override string PathOf(string name) => Path.Combine(folder, Prefix + name + Suffix);

    /// <inheritdoc/>
    public override IReadOnlyList<string> Names() => !Directory.Exists(folder) ? [] :
    [
        .. Directory.EnumerateFiles(folder, Prefix + "*" + Suffix)
            .Select(file => Path.GetFileName(file)[Prefix.Length..^Suffix.Length])
            .Where(name => NameRule.Allows(name) && IsOurs(PathOf(name)))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Writes a service's file; returns whether its content has changed.</summary>
    /// <exception cref="ServiceException">The file is somebody else's, or cannot be written.</exception>
    private protected bool Write(string name, string text)
    {
        var file = PathOf(name);
        try
        {
            if (File.Exists(file))
            {
                if (File.ReadAllText(file) == text)
                    return false;
                if (!IsOurs(file))
                    throw new ServiceException(
                        $"{file} is not one of ours; choose another name with -Name, or remove it", ServiceFailure.NotOurs);
            }

            Directory.CreateDirectory(folder);
            // Never leave half a file: the manager may read the folder at any time.
            var next = file + ".new";
            File.WriteAllText(next, text);
            File.Move(next, file, overwrite: true);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ServiceException($"{file} cannot be written ({error.Message.TrimEnd('.')})", ServiceFailure.File, error);
        }
    }

    /// <summary>Checks that the file for a name exists and is ours.</summary>
    /// <exception cref="ServiceException">It is not.</exception>
    private protected void CheckOurs(string name)
    {
        var file = PathOf(name);
        if (!File.Exists(file))
            throw NotFound(name);
        if (!IsOurs(file))
            throw new ServiceException($"{file} was not written by Register-DaemonProxyService, and is left alone", ServiceFailure.NotOurs);
    }

    /// <summary>Removes the file for a name.</summary>
    /// <exception cref="ServiceException">It cannot be removed.</exception>
    private protected void Remove(string name)
    {
        try
        {
            File.Delete(PathOf(name));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ServiceException($"{PathOf(name)} cannot be removed ({error.Message.TrimEnd('.')})", ServiceFailure.File, error);
        }
    }

    private bool IsOurs(string file)
    {
        try
        {
            return File.ReadLines(file).Take(5).Any(line => line.Contains(Mark, StringComparison.Ordinal));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
