using System.Text.RegularExpressions;
using DaemonProxy.Events;
using Xunit;

namespace DaemonProxy.Tests.Events;

public sealed class EventCatalogueTests
{
    [Fact]
    public void Error_reference_is_not_stale() =>
        Assert.Equal(ErrorReference.Markdown(), File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs", "error-reference.md")));

    [Fact]
    public void Every_code_is_there_once_and_says_all_there_is_to_say()
    {
        Assert.Equal(EventCatalogue.All.Count, EventCatalogue.All.DistinctBy(definition => definition.Code).Count());
        Assert.All(EventCatalogue.All, definition =>
        {
            Assert.Matches("^(WSGI|DPXY)[0-9]{4}$", definition.Code);
            Assert.Matches("^[^A-Z.][^.]*$|^Python", definition.Title);
            Assert.All([definition.Cause, definition.Outcome, definition.Action], text => Assert.EndsWith(".", text));
        });
    }

    /// <summary>The codes of behaviour.md, sections 3 and 6.</summary>
    [Theory]
    [InlineData("WSGI0001 WSGI0084 WSGI0116 WSGI0117 WSGI0118 WSGI0119 WSGI0120 WSGI0126 WSGI0127 WSGI0128 WSGI0129 WSGI0138 WSGI0140 "
        + "WSGI0141 WSGI0143")]
    [InlineData("WSGI0144 WSGI0145 WSGI0146 WSGI0147 WSGI0148 WSGI0149 WSGI0150 WSGI0151 WSGI0210")]
    public void Codes_of_the_original_are_explained(string codes) =>
        Assert.All(codes.Split(' '), code => Assert.NotNull(EventCatalogue.Find(code)));

    [Fact]
    public void Codes_that_documents_name_are_there()
    {
        var files = Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "docs"), "*.md", SearchOption.AllDirectories)
            .Append(Path.Combine(RepositoryRoot.Path, "README.md"));
        var named = files.SelectMany(file => Regex.Matches(File.ReadAllText(file), "(WSGI|DPXY)[0-9]{4}").Select(match => match.Value))
            .Distinct();
        Assert.All(named, code => Assert.True(EventCatalogue.Find(code) is not null, code));
    }
}
