using DaemonProxy.Configuration;

namespace DaemonProxy.Editing.Apache;

/// <summary>
/// Creates daemon groups from WSGIDaemonProcess. A group in Apache may serve any number of scripts; a group here serves one, so each
/// further script gets a group of its own with the same options.
/// </summary>
internal sealed class ApacheDaemons
{
    private readonly ApacheNotes _notes;
    private readonly Dictionary<string, ApacheDirective> _lines = [];
    private readonly Dictionary<(string Group, string Script, string? Callable, string? Reloading), SectionValue> _made = [];

    public ApacheDaemons(ApacheNotes notes, IEnumerable<ApacheDirective> lines)
    {
        _notes = notes;
        foreach (var line in lines)
        {
            if (line.Argument(0).Length == 0 || line.Argument(0).Contains('='))
                notes.Lose(line, "it names no process group; write WSGIDaemonProcess NAME options");
            else if (!_lines.TryAdd(line.Argument(0), line))
                notes.Lose(line,
                    $"the process group '{line.Argument(0)}' is there already, in "
                    + $"{_lines[line.Argument(0)].File}:{_lines[line.Argument(0)].Line}");
        }
    }

    /// <summary>The groups that routes lead to, in the order in which they were requested.</summary>
    public List<SectionValue> Groups { get; } = [];

    /// <summary>The line that defines a group; null if there is none.</summary>
    public ApacheDirective? Line(string group) => _lines.GetValueOrDefault(group);

    /// <summary>The name of the group that runs a script.</summary>
    /// <param name="group">Apache's process group.</param>
    /// <param name="script">The script.</param>
    /// <param name="callable">Its callable; null for <c>application</c>.</param>
    /// <param name="reloading">On or Off; null if it is not set.</param>
    /// <param name="asked">The line that requests the group.</param>
    /// <param name="defaults">Server-wide options for a group that does not set them itself.</param>
    public string Name(
        string group, string script, string? callable, string? reloading, ApacheDirective asked,
        IEnumerable<(string Key, string Text)> defaults)
    {
        if (_made.TryGetValue((group, script, callable, reloading), out var made))
            return ((ScalarValue)made["name"]!).Text;
        var line = _lines[group];
        var plain = string.Concat(group.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-'))
            .TrimStart('.', '_', '-');
        plain = plain.Length == 0 ? "daemon" : plain[..Math.Min(plain.Length, NameRule.LongestName - 5)];
        var names = Groups.Select(other => ((ScalarValue)other["name"]!).Text).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var name = Enumerable.Range(1, int.MaxValue).Select(i => i == 1 ? plain : $"{plain}-{i}")
            .First(candidate => !names.Contains(candidate));
        if (_made.Keys.Any(key => key.Group == group))
            _notes.Differ(
                asked, $"a daemon group has one application here, so this one is '{name}', with processes of its own and the options of "
                + $"'{group}'");
        else if (name != group)
            _notes.Differ(line, $"the group is called '{name}' here: {NameRule.Sentence}");

        var section = new SectionValue();
        Put(section, "name", name);
        Put(section, "application", script);
        if (callable is not null) Put(section, "callable", callable);
        if (reloading is not null) Put(section, "script-reloading", reloading.ToLowerInvariant());
        foreach (var word in line.Arguments.Skip(1))
            ReadOption(section, line, group, word, first: _made.Keys.All(key => key.Group != group));
        foreach (var (key, text) in defaults.Where(given => section[given.Key] is null))
            Put(section, key, text);
        _made[(group, script, callable, reloading)] = section;
        Groups.Add(section);
        return name;
    }

    /// <summary>Notes the groups that no route leads to.</summary>
    public void ReportUnused()
    {
        foreach (var (group, line) in _lines.Where(line => _made.Keys.All(key => key.Group != line.Key)))
            _notes.Lose(line,
                $"no WSGIScriptAlias that was carried over runs in the process group '{group}', and a daemon group here needs an "
                + "application");
    }

    private void ReadOption(SectionValue section, ApacheDirective line, string group, string word, bool first)
    {
        var (key, value) = ApacheLineReader.Option(word);
        key = key.ToLowerInvariant();
        // One line has many options: each lost option gets a note of its own.
        void Lose(string reason)
        {
            if (first) _notes.Lose(line with { Text = word }, reason);
        }

        if (value is null)
        {
            Lose("it is no option: write name=value");
            return;
        }

        if (!DaemonSection.OptionsOf(DaemonSource.Application).Contains(key))
        {
            Lose(key is "script-user" or "script-group" ? "whose the script is, is not checked here; see to its permissions"
                : key is "socket-user" ? "the socket is the front end's own"
                : $"a daemon group has no option '{key}' here");
            return;
        }

        var text = (key, value) switch
        {
            ("display-name", "%{GROUP}") => $"(wsgi:{group})",
            // Apache's syntax for an account given as a number.
            ("user" or "group", ['#', .. var number]) => number,
            ("umask", _) => value.TrimStart('0').PadLeft(3, '0'),
            _ => value,
        };
        if (key == "python-path")
        {
            PutFolders(section, key, text);
            return;
        }

        if (OptionTable.Daemon.Mistake(key, text) is { } mistake)
            Lose(mistake);
        else if (key == "threads" && text.Trim('0').Length == 0)
            Lose("an application has 1 request thread or more; the default is 15");
        else
            Put(section, key, OptionTable.Daemon.Write(key, OptionTable.Daemon.Read(key, text)));
    }

    /// <summary>Sets a list of folders in a section from Apache's colon-separated list.</summary>
    public static void PutFolders(SectionValue section, string key, string text)
    {
        var list = new ListValue();
        list.Items.AddRange(
            text.Split(text.StartsWith('/') ? ':' : Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => new ScalarValue(folder)));
        if (list.Items.Count > 0) section.Set(key, list, OptionTable.Daemon.Names);
    }

    private static void Put(SectionValue section, string key, string text) =>
        section.Set(key, new ScalarValue(text), OptionTable.Daemon.Names);
}
