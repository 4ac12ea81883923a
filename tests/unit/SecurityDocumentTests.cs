using System.Text.RegularExpressions;
using DaemonProxy.Configuration;
using Xunit;

namespace DaemonProxy.Tests;

/// <summary>SECURITY.md names limits that there are, where they are, and the README leads to it.</summary>
public sealed partial class SecurityDocumentTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "SECURITY.md"));

    [Fact]
    public void Every_limit_it_names_is_a_key_of_the_section_it_names()
    {
        var tables = new Dictionary<string, IEnumerable<string>>
        {
            ["top"] = ProxySection.Keys,
            ["route"] = RouteSection.Keys,
            ["daemon group"] = DaemonSection.Keys,
            ["tls"] = TlsSection.Keys,
            ["opentelemetry"] = TelemetrySection.Keys,
        };
        var rows = Row().Matches(Text)
            .Select(row =>
            (Keys: Key().Matches(row.Groups[1].Value).Select(key => key.Groups[1].Value).ToList(), Where: row.Groups[2].Value.Split(", ")))
            .ToList();
        Assert.True(rows.Count >= 15, $"found only {rows.Count} rows; has the way they are written changed?");
        foreach (var (keys, where) in rows)
        {
            Assert.NotEmpty(keys);
            foreach (var section in where) Assert.True(tables.ContainsKey(section), $"'{section}' is no section");
            foreach (var key in keys)
                Assert.True(where.Any(section => tables[section].Contains(key)), $"{key} is no key of {string.Join(" or ", where)}");
            // A section without any of the keys would be said for nothing.
            foreach (var section in where)
                Assert.True(keys.Any(tables[section].Contains), $"none of {string.Join(", ", keys)} is a key of {section}");
        }
        var all = rows.SelectMany(row => row.Keys).ToList();
        Assert.Equal(all.Distinct(), all);
    }

    [Fact]
    public void Readme_leads_to_it() => Assert.Contains("(SECURITY.md)", File.ReadAllText(Path.Combine(RepositoryRoot.Path, "README.md")));

    [Fact]
    public void Number_of_requests_is_the_corpus() => Assert.Contains($"{Differential.RequestCorpus.All.Count} hand-made requests", Text);

    [GeneratedRegex(@"^\| (`[^|]+) \| ([a-z, ]+) \| [^|]+ \| [^|]+ \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`([a-z0-9-]+)`")]
    private static partial Regex Key();
}
