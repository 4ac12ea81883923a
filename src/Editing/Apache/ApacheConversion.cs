using DaemonProxy.Pacing;

namespace DaemonProxy.Editing.Apache;

/// <summary>The options of a conversion.</summary>
public sealed record ApacheConversionOptions
{
    /// <summary>The front end's name; null to write none.</summary>
    public string? Name { get; init; }

    /// <summary>
    /// Converts only the virtual host with this ServerName or ServerAlias, and what applies to all hosts; null for all hosts.
    /// </summary>
    public string? ServerName { get; init; }

    /// <summary>
    /// The pacer of rate limits. The default keeps the rate configured in Apache; the interval pacer achieves what Apache achieves.
    /// </summary>
    public PacerKind Pacer { get; init; }
}

/// <summary>
/// An Apache configuration with mod_wsgi, converted to one of this product, with an explanation for each line that is not carried over or
/// has a different meaning here.
/// </summary>
public sealed class ApacheConversion
{
    private readonly ApacheNotes _notes = new();
    private readonly ApacheConversionOptions _options;
    private readonly SectionValue _root;

    private ApacheConversion(string file, IEnumerable<string> lines, string folder, ApacheConversionOptions options)
    {
        (_options, Document) = (options, ConfigurationDocument.New());
        _root = Document.Root;
        var reader = new ApacheReader(_notes, folder);
        var read = reader.Read(file, lines);
        var scopes = new ApacheScopeReader(_notes, options.ServerName);
        var server = new ApacheScope(ApacheScopeKind.Server, null, null);
        scopes.Read(server, read);
        HasHost = options.ServerName is null || scopes.Hosts.Count > 0;
        Convert(server, scopes, reader.Folder);
    }

    /// <summary>The converted configuration. It is not checked; the reader does that when it is written.</summary>
    public ConfigurationDocument Document { get; }

    /// <summary>The lines that are not carried over.</summary>
    public IReadOnlyList<ApacheNote> NotCarriedOver => _notes.Lost;

    /// <summary>The lines that are carried over but have a different meaning here.</summary>
    public IReadOnlyList<ApacheNote> CarriedDifferently => _notes.Different;

    /// <summary>Whether the requested virtual host exists.</summary>
    public bool HasHost { get; }

    /// <summary>Whether there is anything in it to serve.</summary>
    public bool HasRoutes => _root["routes"] is not null;

    /// <summary>Converts a file and everything it includes.</summary>
    /// <param name="file">Full path.</param>
    /// <param name="options">How to convert.</param>
    /// <exception cref="IOException">The file cannot be read; the message says why and what to do.</exception>
    public static ApacheConversion OfFile(string file, ApacheConversionOptions options)
    {
        var (lines, error) = ApacheFiles.Read(file);
        return error is null ? new(file, lines, Path.GetDirectoryName(file)!, options) : throw new IOException($"{file}: {error}");
    }

    /// <summary>Converts lines and everything they include.</summary>
    /// <param name="lines">The lines.</param>
    /// <param name="name">The name that messages use for the lines.</param>
    /// <param name="folder">Full path of the folder that relative paths start from.</param>
    /// <param name="options">How to convert.</param>
    public static ApacheConversion OfLines(IEnumerable<string> lines, string name, string folder, ApacheConversionOptions options) =>
        new(name, lines, folder, options);

    private void Convert(ApacheScope server, ApacheScopeReader read, string folder)
    {
        var everywhere = read.Hosts.Prepend(server).ToList();
        if (_options.Name is { } name)
            Put("name", name);
        new ApacheListening(_notes, _root, everywhere).Convert(read.Listen, read.Hosts);

        var defaults = new List<(string Key, string Text)>();
        foreach (var (
            setting, key) in new[] { ("WSGIRestrictEmbedded", "restrict-embedded"), ("WSGIPythonHome", "python-home"),
            ("LimitRequestBody", "limit-request-body") })
        {
            if (Single(everywhere, setting) is { } line && Take(line, key, line.Argument(0)) && key == "python-home")
                defaults.Add((key, line.Argument(0)));
        }

        new ApacheTrust(_notes, _root).Convert(read.Trust);
        if (Single(everywhere, "WSGIPythonPath") is { } path)
            ApacheDaemons.PutFolders(_root, "python-path", path.Argument(0));
        if (Single(everywhere, "Timeout") is { } timeout
            && Right(OptionTable.Daemon, timeout, "socket-timeout", timeout.Argument(0)) is { } time)
            defaults.Add(("socket-timeout", time));
        var all = everywhere.Concat(everywhere.SelectMany(scope => scope.Inner)).Distinct().ToList();
        foreach (var setting in new[] { "WSGIPassAuthorization", "WSGIChunkedRequest" })
        {
            if (Single(all, setting) is { } line && !line.Argument(0).Equals("on", StringComparison.OrdinalIgnoreCase))
                _notes.Differ(
                    line, setting == "WSGIPassAuthorization"
                    ? "the Authorization header is always passed on here" : "chunked request bodies are always taken here");
        }

        var daemons = new ApacheDaemons(_notes, read.Daemons);
        var routes = new ApacheRoutes(_notes, daemons, defaults, _options.Pacer, folder).Convert(server, read.Hosts);
        daemons.ReportUnused();
        foreach (var line in all.SelectMany(scope => scope.Settings.Values).Where(line => !_notes.IsDone(line)))
            _notes.Lose(line, "it is followed for all requests alone, not in a section for some of them");
        PutList("daemons", daemons.Groups);
        PutList("routes", routes);
        Spell(_root);
    }

    /// <summary>
    /// Spells each <c>${</c> so that it remains one: Apache leaves it alone when nothing of that name is defined, and here it would name an
    /// environment variable.
    /// </summary>
    private static void Spell(ConfigurationValue value)
    {
        if (value is ScalarValue scalar) scalar.Text = scalar.Text.Replace("${", "$${", StringComparison.Ordinal);
        foreach (var part in value switch
        {
            ListValue list => list.Items,
            SectionValue section => section.Keys.Select(key => section[key]!),
            _ => [],
        })
            Spell(part);
    }

    /// <summary>
    /// Finds the one value of a setting that exists only once here. Several virtual hosts may agree on it; if they differ, nothing is
    /// guessed.
    /// </summary>
    private ApacheDirective? Single(List<ApacheScope> scopes, string setting)
    {
        var lines = scopes.Select(scope => scope.Settings.GetValueOrDefault(setting)).OfType<ApacheDirective>().ToList();
        if (lines.Select(line => string.Join(' ', line.Arguments)).Distinct(StringComparer.OrdinalIgnoreCase).Count() <= 1)
        {
            lines.ForEach(_notes.Carry);
            return lines.FirstOrDefault();
        }

        foreach (var line in lines)
            _notes.Lose(line,
                $"there is one {setting} for all hosts here, and these files have different ones; convert the hosts one by one with "
                + "-ServerName");
        return null;
    }

    private bool Take(ApacheDirective line, string key, string text)
    {
        if (Right(OptionTable.Proxy, line, key, text) is not { } right)
            return false;
        Put(key, right);
        return true;
    }

    private string? Right(OptionTable table, ApacheDirective line, string key, string text)
    {
        if (table.Mistake(key, text) is not { } mistake)
            return table.Write(key, table.Read(key, text));
        _notes.Lose(line, mistake);
        return null;
    }

    private void Put(string key, string text) => _root.Set(key, new ScalarValue(text), OptionTable.Proxy.Names);

    private void PutList(string key, IEnumerable<SectionValue> sections)
    {
        var list = new ListValue();
        list.Items.AddRange(sections);
        if (list.Items.Count > 0) _root.Set(key, list, OptionTable.Proxy.Names);
    }
}
