using System.Text;
using System.Text.RegularExpressions;

namespace DaemonProxy.Tests.Documents;

/// <summary>One of the repository's Markdown files, as GitHub reads it.</summary>
internal sealed partial class Document
{
    private static readonly string[] Places = ["", "docs", "docs/cmdlets", "tests/fuzz"];

    private Document(string file)
    {
        Name = System.IO.Path.GetRelativePath(RepositoryRoot.Path, file).Replace('\\', '/');
        Folder = System.IO.Path.GetDirectoryName(file)!;
        Text = File.ReadAllText(file).ReplaceLineEndings("\n");
        Blocks = [.. Fence().Matches(Text).Select(block => (block.Groups[1].Value, block.Groups[2].Value))];
        Prose = [.. Fence().Replace(Text, block => new string('\n', block.Value.Count(c => c == '\n'))).Split('\n')
            .Select(line => line.StartsWith("    ", StringComparison.Ordinal) ? "" : line)];
    }

    /// <summary>All documents.</summary>
    public static IReadOnlyList<Document> All { get; } =
    [
        .. Places.SelectMany(folder => Directory.EnumerateFiles(System.IO.Path.Combine(RepositoryRoot.Path, folder), "*.md"))
            .Order(StringComparer.Ordinal).Select(file => new Document(file)),
    ];

    /// <summary>The path from the repository's root, with slashes.</summary>
    public string Name { get; }

    /// <summary>The full path of its folder, from which its links start.</summary>
    public string Folder { get; }

    /// <summary>The whole text.</summary>
    public string Text { get; }

    /// <summary>Its lines; those of code blocks are empty, so that numbers stay right.</summary>
    public IReadOnlyList<string> Prose { get; }

    /// <summary>The fenced blocks: language and content.</summary>
    public IReadOnlyList<(string Language, string Content)> Blocks { get; }

    /// <summary>The document with this name.</summary>
    public static Document Named(string name) => All.Single(document => document.Name == name);

    /// <summary>
    /// The anchors of its headings, by GitHub's rule: lower case; only letters, digits, <c>-</c> and <c>_</c>;
    /// spaces as <c>-</c>; the second of two that are alike gets <c>-1</c>.
    /// </summary>
    public IReadOnlySet<string> Anchors()
    {
        var anchors = new HashSet<string>();
        foreach (var heading in Prose.Select(line => Heading().Match(line)).Where(match => match.Success))
        {
            var slug = new StringBuilder();
            foreach (var c in heading.Groups[1].Value.ToLowerInvariant())
            {
                if (char.IsLetterOrDigit(c) || c is '-' or '_') slug.Append(c);
                else if (c == ' ') slug.Append('-');
            }
            var anchor = slug.ToString();
            for (var number = 1; !anchors.Add(anchor); number++) anchor = $"{slug}-{number}";
        }
        return anchors;
    }

    /// <summary>Its tables: the number of the first line, counted from 1, and the cells of each row, the one of dashes included.</summary>
    public IEnumerable<(int Line, IReadOnlyList<string[]> Rows)> Tables()
    {
        for (var i = 0; i < Prose.Count; i++)
        {
            var rows = Prose.Skip(i).TakeWhile(line => line.StartsWith('|')).Select(Cells).ToList();
            if (rows.Count == 0) continue;
            yield return (i + 1, rows);
            i += rows.Count;
        }
    }

    private static string[] Cells(string row) => [.. Bar().Split(row.Trim().TrimStart('|').TrimEnd('|')).Select(cell => cell.Trim())];

    [GeneratedRegex(@"^```(\w*)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"^#{1,6} +(.*?)\s*$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"(?<!\\)\|")]
    private static partial Regex Bar();
}
