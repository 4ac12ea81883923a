using System.Text;

namespace DaemonProxy.CmdletHelp;

/// <summary>An example: what it shows, the code as it can be run, and what is worth saying about it.</summary>
internal sealed record Example(string Title, string Code, string Remarks);

/// <summary>
/// A cmdlet's page in docs/cmdlets. Synopsis, syntax and parameters are made from the code; description, examples, notes and related links
/// are written by hand, under these headings. Paragraphs of a page are lines without a blank one between them.
/// </summary>
internal sealed class CommandPage
{
    private const string Description = "## Description";
    private const string Examples = "## Examples";
    private const string Notes = "## Notes";
    private const string Related = "## Related";

    private readonly string _file;
    private readonly string _text;
    private readonly Dictionary<string, string> _sections;

    private CommandPage(string file, string text, CommandShape command)
    {
        (_file, _text, Command) = (file, text, command);
        _sections = Sections(text, "## ");
    }

    /// <summary>The cmdlet.</summary>
    public CommandShape Command { get; }

    /// <summary>The description's paragraphs, without Markdown's marks.</summary>
    public IReadOnlyList<string> DescriptionText => Paragraphs(Required(Description));

    /// <summary>The notes' paragraphs.</summary>
    public IReadOnlyList<string> NotesText => Paragraphs(_sections.GetValueOrDefault(Notes, ""));

    /// <summary>The cmdlets and topics that help names as related.</summary>
    public IReadOnlyList<string> RelatedNames => [.. _sections.GetValueOrDefault(Related, "").Split('\n')
        .Where(line => line.StartsWith("- ", StringComparison.Ordinal)).Select(line => Plain(line[2..]))];

    /// <summary>The examples.</summary>
    public IReadOnlyList<Example> ExampleList =>
        [.. Sections(Required(Examples), "### ").Select(section => ReadExample(section.Key[4..], section.Value))];

    /// <summary>Reads a cmdlet's page.</summary>
    public static CommandPage Read(string file, CommandShape command) =>
        new(file, File.ReadAllText(file).ReplaceLineEndings("\n"), command);

    /// <summary>Writes the page again where its made sections say something else than the code.</summary>
    public void BringUpToDate()
    {
        var page = new StringBuilder();
        page.Append("# ").Append(Command.Name).Append("\n\n").Append(Command.Synopsis).Append("\n\n## Syntax\n");
        foreach (var set in Command.Sets)
            page.Append("\n    ").Append(SyntaxLine(set)).Append('\n');
        page.Append('\n').Append(Description).Append("\n\n").Append(Required(Description)).Append("\n\n").Append(Examples).Append("\n\n")
            .Append(Required(Examples));
        page.Append("\n\n## Parameters\n\nThis section and the syntax are made from the code by the build.\n");
        foreach (var parameter in Command.Parameters)
            page.Append("\n### -").Append(parameter.Name).Append("\n\n").Append(parameter.Text).Append("\n\n").Append(Facts(parameter))
                .Append('\n');
        page.Append("\n## Outputs\n\n");
        page.Append(Command.Outputs.Count == 0
            ? "Nothing.\n" : string.Concat(Command.Outputs.Select(output => $"- `{output.Type}`: {output.Text}\n")));
        foreach (var heading in new[] { Notes, Related })
        {
            if (_sections.GetValueOrDefault(heading) is { Length: > 0 } text)
                page.Append('\n').Append(heading).Append("\n\n").Append(text).Append('\n');
        }

        if (page.ToString() != _text)
            File.WriteAllText(_file, page.ToString());
    }

    private string SyntaxLine(string set)
    {
        var words = Command.InSet(set).Select(member =>
        {
            var (parameter, use) = member;
            var name = use.Position is null || parameter.IsSwitch ? $"-{parameter.Name}" : $"[-{parameter.Name}]";
            var type = parameter.Choices.Count > 0 ? $"<{string.Join('|', parameter.Choices)}>" : $"<{parameter.Type}>";
            var word = parameter.IsSwitch ? name : $"{name} {type}";
            return use.Mandatory ? word : $"[{word}]";
        });
        return $"{Command.Name} {string.Join(' ', words)}".TrimEnd();
    }

    private static string Facts(ParameterShape parameter)
    {
        var use = parameter.Uses[0];
        var pipeline = (parameter.Uses.Any(one => one.ByValue), parameter.Uses.Any(one => one.ByName)) switch
        {
            (true, true) => "by value and by property name",
            (true, false) => "by value",
            (false, true) => "by property name",
            _ => null,
        };
        var facts = new List<string>
        {
            $"Type `{parameter.Type}`",
            use.Mandatory ? "required" : "optional",
            use.Position is { } position ? $"position {position}" : "by name",
        };
        if (parameter.Wildcards) facts.Add("takes wildcards");
        if (pipeline is not null) facts.Add($"from the pipeline {pipeline}");
        if (parameter.Choices.Count > 0) facts.Add($"one of {string.Join(", ", parameter.Choices)}");
        if (parameter.Aliases.Count > 0) facts.Add($"alias {string.Join(", ", parameter.Aliases)}");
        return string.Join("; ", facts) + ".";
    }

    private string Required(string heading) => _sections.GetValueOrDefault(heading) is { Length: > 0 } text
        ? text : throw new HelpException(_file, $"the section '{heading}' is missing or empty");

    private Example ReadExample(string title, string body)
    {
        const string fence = "```";
        var start = body.IndexOf($"{fence}powershell\n", StringComparison.Ordinal);
        var end = start < 0 ? -1 : body.IndexOf($"\n{fence}", start + fence.Length, StringComparison.Ordinal);
        if (end < 0)
            throw new HelpException(_file, $"the example '{title}' has no code; write it between '{fence}powershell' and '{fence}'");
        var code = body[(start + fence.Length + "powershell\n".Length)..end];
        var remarks = Plain(body[..start] + body[(end + fence.Length + 1)..]).Trim();
        return remarks.Length > 0
            ? new Example(title, code, remarks) : throw new HelpException(_file, $"the example '{title}' says nothing beside its code");
    }

    // A heading inside a fenced block is a comment of the code.
    private static Dictionary<string, string> Sections(string text, string mark)
    {
        var sections = new Dictionary<string, string>();
        var (heading, fenced) = ("", false);
        foreach (var line in text.Split('\n'))
        {
            fenced ^= line.StartsWith("```", StringComparison.Ordinal);
            if (!fenced && line.StartsWith(mark, StringComparison.Ordinal))
                sections[heading = line.Trim()] = "";
            else if (heading.Length > 0)
                sections[heading] += line + "\n";
        }

        return sections.ToDictionary(section => section.Key, section => section.Value.Trim('\n'));
    }

    private static List<string> Paragraphs(string text) =>
        [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(paragraph => Plain(paragraph).Replace('\n', ' ').Trim())];

    private static string Plain(string text) => text.Replace("`", "", StringComparison.Ordinal).Replace("**", "", StringComparison.Ordinal);
}
