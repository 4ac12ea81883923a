using System.Text.RegularExpressions;
using DaemonProxy.Configuration;
using Xunit;

namespace DaemonProxy.Tests.Documents;

/// <summary>Links, tables, paths and examples of all documents: what they point to is there, and what they show is taken.</summary>
public sealed partial class DocumentTests
{
    public static TheoryData<string> Names => [.. Document.All.Select(document => document.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Links_lead_to_files_and_headings_that_are_there(string name)
    {
        var document = Document.Named(name);
        foreach (var link in document.Prose.SelectMany(line => Link().Matches(InlineCode().Replace(line, ""))))
        {
            var target = link.Groups[1].Value;
            if (target.Contains("://", StringComparison.Ordinal)) continue;
            var (file, anchor) = target.Split('#', 2) is [var path, var heading] ? (path, heading) : (target, null);
            var full = file.Length == 0 ? Path.Combine(RepositoryRoot.Path, name) : Path.GetFullPath(file, document.Folder);
            Assert.True(File.Exists(full) || Directory.Exists(full), $"{name} links to {target}, and there is no {full}");
            if (anchor is null) continue;
            var there = Document.Named(Path.GetRelativePath(RepositoryRoot.Path, full).Replace('\\', '/'));
            Assert.True(there.Anchors().Contains(anchor), $"{name} links to {target}, and {there.Name} has no such heading");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Tables_have_a_head_and_as_many_cells_in_each_row(string name)
    {
        foreach (var (line, rows) in Document.Named(name).Tables())
        {
            var isTable = rows.Count >= 3 && rows[1].All(cell => Dashes().IsMatch(cell));
            Assert.True(isTable, $"{name}, line {line}: a table has a head, a row of dashes, and rows");
            for (var i = 0; i < rows.Count; i++)
            {
                Assert.True(rows[i].Length == rows[0].Length,
                    $"{name}, line {line + i}: {rows[i].Length} cells, and the head has {rows[0].Length}");
            }
        }
    }

    /// <summary>The files and folders that the hand-written documents name in code, such as <c>src/Host/Program.cs</c>.</summary>
    [Theory]
    [InlineData("README.md")]
    [InlineData("CONTRIBUTING.md")]
    [InlineData("SECURITY.md")]
    [InlineData("docs/configuration.md")]
    [InlineData("docs/rate-limits.md")]
    [InlineData("docs/deployment.md")]
    [InlineData("docs/limits.md")]
    [InlineData("docs/behaviour.md")]
    public void Paths_in_code_are_there(string name)
    {
        foreach (var path in InlineCode().Matches(string.Join('\n', Document.Named(name).Prose)).Select(match => match.Value.Trim('`')))
        {
            if (!RepositoryPath().IsMatch(path) || Placeholder().IsMatch(path)) continue;
            Assert.True(Path.Exists(Path.Combine(RepositoryRoot.Path, path)), $"{name} names {path}, which is not there");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Yaml_is_a_configuration(string name)
    {
        // A list is another program's, such as Ansible's: a configuration is a mapping.
        foreach (var (_, yaml) in Document.Named(name).Blocks.Where(block => block.Language == "yaml" && !block.Content.StartsWith('-')))
            ConfigurationFile.Parse(yaml, name, RepositoryRoot.Path);
    }

    [Fact]
    public void Readme_is_a_front_page_with_pictures_and_ways_to_all_documents()
    {
        var readme = Document.Named("README.md");
        Assert.InRange(readme.Prose.Count, 50, 150);
        Assert.Equal(2, readme.Prose.Count(line => Picture().IsMatch(line)));
        var others = Document.All.Select(document => document.Name).Where(name => !Regex.IsMatch(name, "^docs/cmdlets/|README"));
        Assert.All(others, name => Assert.Contains($"({name})", readme.Text, StringComparison.Ordinal));
    }

    /// <summary>Idioms of another language, which came back more than once.</summary>
    [Theory]
    [InlineData(@"\beach \d+ (ms|s)\b")]
    [InlineData(@"\b(from|since) the begin\b")]
    [InlineData(@"\bis to be had\b|\bleads nowhere\b|\bgoes on on\b|\bIn one with\b|\bnobody is sent\b")]
    [InlineData(@"\b(stands|comes|begun|pause|first write|size) behind\b|\bbehind (the headers|each)\b")]
    public void Prose_is_English(string idiom)
    {
        foreach (var document in Document.All.Where(document => document.Name != "docs/benchmarks.md"))
        {
            for (var i = 0; i < document.Prose.Count; i++)
                Assert.False(Regex.IsMatch(document.Prose[i], idiom), $"{document.Name}, line {i + 1}: {document.Prose[i]}");
        }
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^!\[[^\]]{20,}\]\(docs/pictures/[\w-]+\.svg\)$")]
    private static partial Regex Picture();

    [GeneratedRegex(@"^:?-+:?$")]
    private static partial Regex Dashes();

    [GeneratedRegex("`[^`\n]+`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"^(src|tests|docs|bench|tools|module|\.ci)/[\w./-]+$")]
    private static partial Regex RepositoryPath();

    [GeneratedRegex(@"SUBJECT|Verb-?Noun|^module/bin")]
    private static partial Regex Placeholder();
}
