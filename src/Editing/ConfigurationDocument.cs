using System.Text;
using System.Text.Json;
using DaemonProxy.Configuration;

namespace DaemonProxy.Editing;

/// <summary>
/// A configuration that can be changed and written: its values, and the text that they came from, which keeps its comments.
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

    /// <summary>What the file will say.</summary>
    public SectionValue Root { get; }

    /// <summary>Full path of the file that it was read from or last written to; null for none.</summary>
    public string? File { get; private set; }

    /// <summary>Whether the file says something else than the values do; true where there is no file.</summary>
    public bool IsChanged => _saved is null || Text() != _saved;

    /// <summary>A configuration that says nothing yet, and will have a text of its own.</summary>
    public static ConfigurationDocument New() => new(null, new UTF8Encoding(false));

    /// <summary>A section alone, as a new file would have it.</summary>
    public static string TextOf(SectionValue section) => new YamlText("\n").Document(section);

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file; messages name it as it is named here.</param>
    /// <exception cref="ConfigurationException">The file cannot be read, or has mistakes; it carries them all.</exception>
    public static ConfigurationDocument Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var text = ConfigurationFile.ReadText(path, out var encoding);
        ConfigurationFile.Load(path, text);
        return new ConfigurationDocument(text, encoding) { File = Path.GetFullPath(path) };
    }

    /// <summary>Reads a text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="fileName">What messages call it.</param>
    /// <param name="baseDirectory">Full path of the folder that relative paths start from.</param>
    /// <exception cref="ConfigurationException">There are mistakes; it carries them all.</exception>
    public static ConfigurationDocument Parse(string yaml, string fileName, string baseDirectory)
    {
        ConfigurationFile.Parse(yaml, fileName, baseDirectory);
        return new ConfigurationDocument(yaml, new UTF8Encoding(false));
    }

    /// <summary>The text that says what the values say: the one that was read, changed where they were. Not checked.</summary>
    /// <exception cref="ConfigurationSaveException">The text cannot be changed to say that.</exception>
    public string Text()
    {
        // What says it already stays as it is, however it is written.
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

    /// <summary>Checks what the values say, as the reader of the file will.</summary>
    /// <param name="fileName">What messages call it.</param>
    /// <param name="baseDirectory">Full path of the folder that relative paths start from.</param>
    /// <exception cref="ConfigurationException">There are mistakes; it carries them all.</exception>
    public ProxyConfiguration Check(string fileName, string baseDirectory) => ConfigurationFile.Parse(Text(), fileName, baseDirectory);

    /// <summary>Whether it means something else when its file lies in another folder: relative paths start from there.</summary>
    /// <param name="one">Full path of a folder.</param>
    /// <param name="other">Full path of another.</param>
    public bool DependsOnFolder(string one, string other) => one != other && Meaning(one) != Meaning(other);

    private string Meaning(string folder)
    {
        try
        {
            var read = Check("", folder);
            // The working directory of a group that names none is the folder by itself, and no path of the file.
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
    /// Checks the values and writes them: to a file beside it first, so that there is always the whole of one or the other.
    /// </summary>
    /// <param name="path">The file, full path. The one it was read from may be replaced when nobody has changed it since.</param>
    /// <param name="overwrite">Replace any file that is there.</param>
    /// <returns>False when the file said that already, and was left alone.</returns>
    /// <exception cref="ConfigurationException">There are mistakes; nothing is written.</exception>
    /// <exception cref="ConfigurationSaveException">The file is there already, has changed, or cannot be written.</exception>
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
