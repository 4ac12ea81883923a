using System.Text.RegularExpressions;

namespace DaemonProxy.Editing.Apache;

/// <summary>
/// Reads an Apache configuration into lines and the sections that they open. Follows includes, replaces variables, and evaluates the
/// conditions that these files decide. Whatever depends on a condition that the files do not decide is noted and left out.
/// </summary>
internal sealed partial class ApacheReader(ApacheNotes notes, string folder)
{
    private const int DeepestInclude = 16;
    private const int MostFiles = 1_000;
    private const string NoSuchFile = "no such file is here";

    private readonly Dictionary<string, string> _defined = [];

    // Features built into this product need no module.
    private readonly HashSet<string> _modules = ["wsgi", "ratelimit", "env", "alias", "so", "core", "http"];
    private readonly Stack<(ApacheDirective Opening, List<ApacheDirective> Children, bool? Taken)> _open = [];
    private int _files;

    /// <summary>The base of relative paths: ServerRoot, if it exists.</summary>
    public string Folder { get; private set; } = folder;

    /// <summary>Reads lines.</summary>
    /// <param name="file">The name that messages use for the lines.</param>
    /// <param name="physical">The lines.</param>
    public IReadOnlyList<ApacheDirective> Read(string file, IEnumerable<string> physical)
    {
        var all = new List<ApacheDirective>();
        ReadInto(all, file, physical, depth: 0);
        while (_open.Count > 0)
        {
            notes.Differ(_open.Peek().Opening,
                $"the section has no end, and holds all that follows; close it with </{_open.Peek().Opening.Name}>");
            Close(all);
        }

        return all;
    }

    private void ReadInto(List<ApacheDirective> all, string file, IEnumerable<string> physical, int depth)
    {
        foreach (var (number, text) in ApacheLineReader.Lines(physical))
        {
            var said = Variable().Replace(text, variable => _defined.GetValueOrDefault(variable.Groups[1].Value, variable.Value));
            if (said.StartsWith("</", StringComparison.Ordinal))
            {
                var name = said[2..].TrimEnd('>').Trim();
                if (_open.Count > 0 && _open.Peek().Opening.Is(name))
                    Close(all);
                else
                    notes.Lose(new ApacheDirective(file, number, text, name, []), "it closes a section that is not open here");
                continue;
            }

            if (said.Contains('\0'))
            {
                notes.Lose(new ApacheDirective(file, number, text, "", []),
                    "it holds a NUL character, which no value here may; leave it out");
                continue;
            }

            var opens = said[0] == '<';
            var words = ApacheLineReader.Words(opens ? said[1..].TrimEnd().TrimEnd('>') : said);
            if (words.Count == 0) continue;
            var directive = new ApacheDirective(file, number, text, words[0], words[1..]);
            if (opens)
                _open.Push((directive, [], Decide(directive)));
            else
                Take(all, directive, depth);
        }
    }

    private void Take(List<ApacheDirective> all, ApacheDirective line, int depth)
    {
        var current = _open.Count > 0 ? _open.Peek().Children : all;
        if (_open.Any(section => section.Taken != true))
        {
            current.Add(line);
            return;
        }

        switch (line.Name.ToLowerInvariant())
        {
            case "define" when line.Arguments.Count > 0:
                _defined[line.Argument(0)] = line.Argument(1);
                break;
            case "undefine":
                _defined.Remove(line.Argument(0));
                break;
            case "loadmodule":
                var module = ModuleName(line.Argument(0));
                if (!_modules.Contains(module)) notes.Lose(line, "there are no modules here; what the module does is not done");
                _modules.Add(module);
                break;
            case "serverroot":
                if (Directory.Exists(line.Argument(0))) Folder = Path.GetFullPath(line.Argument(0), Folder);
                else notes.Differ(line, $"there is no such folder here; relative paths start from {Folder} instead");
                break;
            case "include" or "includeoptional" when Variable().IsMatch(line.Argument(0)):
                notes.Lose(line, Undefined(line));
                break;
            case "include" or "includeoptional":
                Include(all, line, depth);
                break;
            default:
                current.Add(line);
                break;
        }
    }

    private void Include(List<ApacheDirective> all, ApacheDirective line, int depth)
    {
        var files = ApacheFiles.Matching(line.Argument(0), Folder);
        var wild = line.Is("IncludeOptional") || line.Argument(0).AsSpan().IndexOfAny('*', '?', '[') >= 0;
        if (files.Count == 0 && !wild)
            notes.Lose(line, $"{NoSuchFile} (looked for {Path.GetFullPath(line.Argument(0), Folder)}); what it says is missing");
        else if (files.Count == 0)
            notes.Lose(line, $"{NoSuchFile} (looked for {Path.GetFullPath(line.Argument(0), Folder)})");
        foreach (var file in files)
        {
            if (depth >= DeepestInclude || _files >= MostFiles)
            {
                notes.Lose(line, depth >= DeepestInclude
                    ? $"files include each other more than {DeepestInclude} deep; does one include itself?"
                    : $"there are more than {MostFiles} files");
                return;
            }

            _files++;
            var (lines, error) = ApacheFiles.Read(file);
            if (error is not null) notes.Lose(line, $"{file}: {error}");
            ReadInto(all, file, lines, depth + 1);
        }
    }

    private void Close(List<ApacheDirective> all)
    {
        var (opening, children, taken) = _open.Pop();
        var current = _open.Count > 0 ? _open.Peek().Children : all;
        var section = opening with { Children = children };
        if (!IsCondition(opening))
            current.Add(section);
        else if (_open.Any(outer => outer.Taken != true))
            current.Add(section);
        else if (taken is null)
            notes.LoseAll(
                section, $"whether <{opening.Name} {string.Join(' ', opening.Arguments)}> holds, these files do not say; take the lines "
                + "out of it when it does");
        else if (taken.Value)
            current.AddRange(children);
        // What a condition leaves out was not in force in Apache either.
    }

    /// <summary>Whether the content of a section is in force; null if the files do not say.</summary>
    private bool? Decide(ApacheDirective opening)
    {
        if (!IsCondition(opening))
            return true;
        var what = opening.Argument(0);
        var not = what.StartsWith('!');
        if (not) what = what[1..];
        bool? holds = opening.Name.ToLowerInvariant() switch
        {
            "ifmodule" => _modules.Contains(ModuleName(what)) ? true : null,
            // A variable defined on Apache's command line is not known here.
            "ifdefine" => _defined.ContainsKey(what) ? true : null,
            "iffile" => File.Exists(Path.GetFullPath(what, Folder)),
            _ => null,
        };
        return holds is { } known ? known != not : null;
    }

    private static bool IsCondition(ApacheDirective opening) =>
        opening.Is("IfModule") || opening.Is("IfDefine") || opening.Is("IfFile") || opening.Is("IfVersion") || opening.Is("IfDirective")
            || opening.Is("IfSection");

    /// <summary>wsgi for wsgi_module and for mod_wsgi.c.</summary>
    private static string ModuleName(string name)
    {
        var plain = name.EndsWith(".c", StringComparison.Ordinal) ? name[..^2] : name;
        plain = plain.EndsWith("_module", StringComparison.Ordinal) ? plain[..^"_module".Length] : plain;
        return plain.StartsWith("mod_", StringComparison.Ordinal) ? plain["mod_".Length..] : plain;
    }

    /// <summary>Why a line with a variable that is not defined cannot be carried over.</summary>
    public static string Undefined(ApacheDirective line) =>
        $"the variable {Variable().Match(string.Join(' ', line.Arguments)).Value} is not defined in these files; write its value in, or "
            + "Define it";

    /// <summary>Whether a line names a variable that is not defined.</summary>
    public static bool IsUndefined(ApacheDirective line) => line.Arguments.Any(argument => Variable().IsMatch(argument));

    [GeneratedRegex(@"\$\{([A-Za-z0-9_.:-]+)\}")]
    private static partial Regex Variable();
}
