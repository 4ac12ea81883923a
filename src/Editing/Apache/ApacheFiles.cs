using System.Text;
using DaemonProxy.Configuration;

namespace DaemonProxy.Editing.Apache;

/// <summary>Finds and reads the files that an <c>Include</c> names.</summary>
internal static class ApacheFiles
{
    /// <summary>In bytes: larger than any configuration file.</summary>
    private const long LargestFile = 4L << 20;

    /// <summary>
    /// The files that match a path with wildcards, or all files below a folder, sorted by name as Apache reads them; empty if there are
    /// none.
    /// </summary>
    public static IReadOnlyList<string> Matching(string path, string folder)
    {
        var full = Path.GetFullPath(path, folder);
        if (Directory.Exists(full))
            return [.. Directory.EnumerateFiles(full, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        if (full.AsSpan().IndexOfAny('*', '?', '[') < 0)
            return File.Exists(full) ? [full] : [];

        var root = Path.GetPathRoot(full)!;
        IEnumerable<string> found = [root];
        foreach (var part in full[root.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
            found = part.AsSpan().IndexOfAny('*', '?') < 0
                ? found.Select(one => Path.Combine(one, part)) : found.SelectMany(one => Entries(one, part));
        return [.. found.SelectMany(
            one => Directory.Exists(one) ? Directory.EnumerateFiles(one, "*", SearchOption.AllDirectories) : File.Exists(one) ? [one] : [])
            .Order(StringComparer.Ordinal)];
    }

    /// <summary>Reads the lines of a file, or says why it cannot be read.</summary>
    public static (string[] Lines, string? Error) Read(string file)
    {
        try
        {
            if (new FileInfo(file) is { Exists: true, Length: > LargestFile })
                return ([], $"the file is larger than {Units.FormatSize(LargestFile)}; is it a configuration?");
            // Apache does not care about the encoding; invalid UTF-8 is usually a comment in Latin-1.
            return (Encoding.UTF8.GetString(File.ReadAllBytes(file)).TrimStart('\ufeff').ReplaceLineEndings("\n").Split('\n'), null);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return ([], "there is no such file; check its name and folder");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return ([], $"the file cannot be read: {error.Message.ReplaceLineEndings(" ").TrimEnd('.')}");
        }
    }

    private static IEnumerable<string> Entries(string folder, string pattern)
    {
        if (!Directory.Exists(folder))
            return [];
        // As in Apache's fnmatch, a wildcard does not match a hidden file.
        return Directory.EnumerateFileSystemEntries(folder, pattern)
            .Where(entry => pattern[0] == '.' || Path.GetFileName(entry)[0] != '.').Order(StringComparer.Ordinal);
    }
}
