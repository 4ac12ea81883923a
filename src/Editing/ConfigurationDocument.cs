using System.Text;
using System.Text.Json;
using DaemonProxy.Configuration;

namespace DaemonProxy.Editing;

/// <summary>
/// A configuration that can be changed and written: its values, and the text that they came from, which preserves the comments.
/// </summary>
public sealed class ConfigurationDocument
{
    private readonly string? _original;
    private readonly SourceMapping? _source;
    private readonly Encoding _encoding;
    private string? _saved;

    private ConfigurationDocument(string? text, Encoding encoding)
    {
        (_original, _saved, _encoding) = (text, text, encoding);
        _source = text is null ? null : SourceReader.Read(text);
        Root = _source is null ? new SectionValue() : SourceValues.From(_source);
    }

    /// <summary>The values that the file will contain.</summary>
    public SectionValue Root { get; }

    /// <summary>Full path of the file that the configuration was read from or last written to; null for none.</summary>
    public string? File { get; private set; }

    /// <summary>Whether the values differ from the file; true if there is no file.</summary>
    public bool IsChanged => _saved is null || Text() != _saved;

    /// <summary>Creates an empty configuration, which will get a text of its own.</summary>
    public static ConfigurationDocument New() => new(null, new UTF8Encoding(false));

    /// <summary>A section alone, as it would appear in a new file.</summary>
    public static string TextOf(SectionValue section) => new YamlText("\n").Document(section);

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file; messages use this name for it.</param>
    /// <exception cref="ConfigurationException">The file cannot be read or has mistakes; the exception lists them all.</exception>
    public static ConfigurationDocument Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var text = ConfigurationFile.ReadText(path, out var encoding);
        ConfigurationFile.Load(path, text);
        return new ConfigurationDocument(text, encoding) { File = Path.GetFullPath(path) };
    }

    /// <summary>Reads a text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="fileName">The name that messages use for the text.</param>
    /// <param name="baseDirectory">Full path of the folder that relative paths start from.</param>
    /// <exception cref="ConfigurationException">There are mistakes; the exception lists them all.</exception>
    public static ConfigurationDocument Parse(string yaml, string fileName, string baseDirectory)
    {
        ConfigurationFile.Parse(yaml, fileName, baseDirectory);
        return new ConfigurationDocument(yaml, new UTF8Encoding(false));
    }

    /// <summary>
    /// The text for the current values: the original text, changed only where the values have changed. It is not checked.
    /// </summary>
    /// <exception cref="ConfigurationSaveException">The text cannot be changed to express the values.</exception>
    public string Text()
    {
        // Text that already has the right meaning stays, however it is written.
        if (_source is not null && SourceValues.From(_source).Means(Root)) return _original!;
        var text = _source is null ? new YamlText("\n").Document(Root) : TextEditor.Edit(_original!, _source, Root);
        if (text != _original && Root.Count > 0 && !ReadsBackAs(text))
        {
            throw new ConfigurationSaveException(SaveFailure.NotExpressible,
                "the change cannot be made in the text of the file without changing what else it says; write the file by hand, or export "
                + "to a new one made by New-DaemonProxyConfiguration");
        }

        return text;
    }

    /// <summary>Checks the values in the same way as the reader of the file.</summary>
    /// <param name="fileName">The name that messages use for the configuration.</param>
    /// <param name="baseDirectory">Full path of the folder that relative paths start from.</param>
    /// <exception cref="ConfigurationException">There are mistakes; the exception lists them all.</exception>
    public ProxyConfiguration Check(string fileName, string baseDirectory) => ConfigurationFile.Parse(Text(), fileName, baseDirectory);

    /// <summary>
    /// Whether the configuration would mean something else if its file were in another folder, since relative paths start from there.
    /// </summary>
    /// <param name="one">Full path of a folder.</param>
    /// <param name="other">Full path of another.</param>
    public bool DependsOnFolder(string one, string other) => one != other && Meaning(one) != Meaning(other);

    private string Meaning(string folder)
    {
        try
        {
            var read = Check("", folder);
            // The working directory of a group that names none defaults to the folder; the file contains no such path.
            var sections = (Root["daemons"] as ListValue)?.Items ?? [];
            return JsonSerializer.Serialize(read with
            {
                Daemons = [.. read.Daemons.Select(
                    (group, i) => i < sections.Count && (sections[i] as SectionValue)?["home"] is null
                    ? group with { Home = null } : group)],
            });
        }
        catch (ConfigurationException)
        {
            return folder;
        }
    }

    /// <summary>
    /// Checks and writes the values. Writes to a second file beside the target first, so that either the old or the new file is always
    /// complete.
    /// </summary>
    /// <param name="path">Full path of the file. The file that was read may be replaced if nobody has changed it since.</param>
    /// <param name="overwrite">Whether to replace any existing file.</param>
    /// <returns>False if the file already had this content and was left alone.</returns>
    /// <exception cref="ConfigurationException">There are mistakes; nothing is written.</exception>
    /// <exception cref="ConfigurationSaveException">The file already exists, has changed, or cannot be written.</exception>
    public bool Save(string path, bool overwrite)
    {
        var full = Path.GetFullPath(path);
        var text = Text();
        ConfigurationFile.Parse(text, path, Path.GetDirectoryName(full)!);
        var present = Present(full);
        if (present is not null && !overwrite)
            RefuseToReplace(full, present);
        var content = (byte[])[.. _encoding.GetPreamble(), .. _encoding.GetBytes(text)];
        var write = present is null || !content.AsSpan().SequenceEqual(present);
        if (write)
            ConfigurationStore.Write(full, content);
        (File, _saved) = (full, text);
        return write;
    }

    private static byte[]? Present(string file)
    {
        try
        {
            return System.IO.File.Exists(file) ? System.IO.File.ReadAllBytes(file) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationSaveException(
                SaveFailure.NotWritable, $"the file {file} cannot be read: {error.Message.TrimEnd('.')}; check its permissions", error);
        }
    }

    private void RefuseToReplace(string file, byte[] present)
    {
        if (file != File)
            throw new ConfigurationSaveException(
                SaveFailure.FileExists, $"there is a file {file} already; replace it with -Force, or write to another");
        if (_saved is not null && !present.AsSpan().SequenceEqual((byte[])[.. _encoding.GetPreamble(), .. _encoding.GetBytes(_saved)]))
        {
            throw new ConfigurationSaveException(SaveFailure.FileChanged,
                $"the file {file} has changed since it was read; read it again with Import-DaemonProxyConfiguration, or replace it with "
                    + "-Force");
        }
    }

    private bool ReadsBackAs(string text)
    {
        try
        {
            return SourceValues.Match(NodeComposer.Compose(text, ""), Root);
        }
        catch (ConfigurationException)
        {
            return false;
        }
    }
}
