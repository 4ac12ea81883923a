using System.Text;
using DaemonProxy.Platform;

namespace DaemonProxy.Configuration;

/// <summary>Reads a configuration from YAML and reports every mistake in it at once.</summary>
public static class ConfigurationFile
{
    /// <summary>The largest file accepted, in bytes: 1 MiB.</summary>
    public const int LargestFile = 1 << 20;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file; messages name it as given here. Relative paths in it start from its folder.</param>
    /// <returns>A checked configuration.</returns>
    /// <exception cref="ConfigurationException">The file cannot be read, or has mistakes; the exception carries all of them, in file
    /// order.</exception>
    public static ProxyConfiguration Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Load(path, ReadText(path, out _));
    }

    /// <summary>Reads a file for a front end that somebody else will start, in another environment.</summary>
    /// <param name="path">The file.</param>
    /// <param name="variables">Environment variables that the front end will have in addition to this process's.</param>
    /// <param name="environmentFile">Full path of a file with more of them; null: none.</param>
    /// <exception cref="ConfigurationException">A file cannot be read, or has mistakes; the exception carries all of them.</exception>
    public static ProxyConfiguration Load(string path, IReadOnlyDictionary<string, string> variables, string? environmentFile)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var reading = new Reading(path, "");
        var all = new Dictionary<string, string>(variables);
        foreach (var (name, value) in environmentFile is null ? [] : EnvironmentFile.Read(environmentFile, reading)) all[name] = value;
        reading.ThrowIfMistaken();
        return Load(path, ReadText(path, out _), all);
    }

    /// <summary>Checks the text of a file.</summary>
    internal static ProxyConfiguration Load(string path, string yaml, IReadOnlyDictionary<string, string>? variables = null)
    {
        var full = Path.GetFullPath(path);
        var initial = new ProxyConfiguration { Name = NameRule.FromFile(full) ?? ProxyConfiguration.DefaultName };
        return Parse(yaml, path, Path.GetDirectoryName(full)!, initial, variables) with { File = full, Hash = TextHash.Of(yaml) };
    }

    /// <summary>Reads a configuration from memory.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="fileName">The name that messages use for it.</param>
    /// <param name="baseDirectory">Full path of the folder that relative paths start from.</param>
    /// <returns>A checked configuration; its <see cref="ProxyConfiguration.File"/> is null.</returns>
    /// <exception cref="ConfigurationException">There are mistakes; the exception carries all of them, in file order.</exception>
    public static ProxyConfiguration Parse(string yaml, string fileName, string baseDirectory) =>
        Parse(yaml, fileName, baseDirectory, new ProxyConfiguration(), variables: null);

    private static ProxyConfiguration Parse(
        string yaml, string fileName, string baseDirectory, ProxyConfiguration initial, IReadOnlyDictionary<string, string>? variables)
    {
        ArgumentNullException.ThrowIfNull(yaml);
        var reading = new Reading(fileName, baseDirectory, variables);
        var root = NodeComposer.Compose(yaml, fileName);
        var configuration = initial;
        if (root is MappingNode mapping)
            configuration = ProxySection.Read((MappingNode)new VariableReferences(reading).Expand(mapping), initial, reading);
        else
            reading.Mistake(root, $"a configuration is keys and values, for example 'name: site', and this is {root.Kind}");
        reading.ThrowIfMistaken();
        return configuration;
    }

    /// <summary>Reads a file's text and reports its encoding, so that the file can be written back unchanged.</summary>
    internal static string ReadText(string path, out Encoding encoding)
    {
        encoding = Encoding.UTF8;
        ConfigurationException Unreadable(string message) => new([new ConfigurationError(path, 0, 0, message)]);
        if (Directory.Exists(path))
            throw Unreadable("this is a folder; name the configuration file in it");

        try
        {
            using var file = File.OpenRead(path);
            // The length is no help: a pipe, as in check <(make-config), has none.
            var content = new byte[LargestFile + 1];
            var length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            if (length > LargestFile)
                throw Unreadable(
                    $"the file is larger than {Units.FormatSize(LargestFile)}, which no configuration needs; is it the right one?");
            using var text = new StreamReader(new MemoryStream(content, 0, length), new UTF8Encoding(false, throwOnInvalidBytes: true));
            var yaml = text.ReadToEnd();
            encoding = text.CurrentEncoding;
            return yaml;
        }
        catch (DecoderFallbackException)
        {
            throw Unreadable("the file is not UTF-8 text; save it as UTF-8");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Unreadable("there is no such file; check its name and folder");
        }
        catch (UnauthorizedAccessException)
        {
            throw Unreadable("the file may not be read by this user; check its permissions");
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or NotSupportedException)
        {
            throw Unreadable(
                $"the file cannot be read: {exception.Message.ReplaceLineEndings(" ").TrimEnd('.')}; check its name and folder");
        }
    }
}
