using System.Text.RegularExpressions;
using System.Xml.Linq;
using DaemonProxy.Events;
using Xunit;

namespace DaemonProxy.Tests;

/// <summary>
/// behaviour.md, section 4: each entry point, cmdlet name, event code and configuration key has one definition on every platform. That
/// holds when all platforms compile the same files, and none of these names stands in two of them.
/// </summary>
public sealed partial class OneDefinitionTests
{
    private static readonly string Source = Path.Combine(RepositoryRoot.Path, "src");

    private static IReadOnlyList<(string File, string Text)> Files { get; } =
    [
        .. Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}")
            && !file.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}"))
            .Select(file => (Path.GetRelativePath(Source, file), File.ReadAllText(file))),
    ];

    [Fact]
    public void Every_platform_compiles_the_same_files()
    {
        // What differs is decided when it runs (OperatingSystem.IsWindows()), so that every build sees all of it.
        Assert.Empty(Files.Where(file => Directive().IsMatch(file.Text)).Select(file => file.File));
        foreach (var project in Directory.EnumerateFiles(Source, "*.csproj", SearchOption.AllDirectories)
            .Where(file => !file.Contains("artifacts")))
            Assert.Empty(XDocument.Load(project).Descendants().Where(element => element.Name.LocalName is "Compile" or "DefineConstants")
                .Select(element => $"{project}: {element}"));
    }

    [Fact]
    public void Program_has_one_entry_point_and_each_verb_one_definition()
    {
        Assert.Equal("Host/Program.cs",
            Assert.Single(
            Files, file => TopLevelStatement().IsMatch(file.Text) || file.Text.Contains("static int Main(")
            || file.Text.Contains("static void Main(")
            || file.Text.Contains("static Task<int> Main(") || file.Text.Contains("static async Task<int> Main(")).File.Replace('\\', '/'));
        AssertOnce(Verb(), at: 6);
    }

    [Fact]
    public void Each_cmdlet_has_one_definition() => AssertOnce(Cmdlet(), at: 15);

    [Fact]
    public void Each_event_code_has_one_definition()
    {
        AssertOnce(EventCode(), at: 30);
        Assert.Equal(EventCatalogue.All.Select(definition => definition.Code).Order(), Names(EventCode()).Order());
    }

    [Fact]
    public void Each_configuration_key_has_one_definition()
    {
        string[] sections =
            ["ProxySection.cs", "DaemonSection.cs", "RouteSection.cs", "RateLimitSection.cs", "TlsSection.cs", "HealthCheckSection.cs",
                "TelemetrySection.cs", "FleetSection.cs"];
        foreach (var section in sections)
        {
            var text = Assert.Single(Files, file => Path.GetFileName(file.File) == section).Text;
            var keys = Key().Matches(text).Select(match => match.Groups[1].Value).ToList();
            Assert.NotEmpty(keys);
            Assert.Equal(keys.Distinct(), keys);
        }
        // A table of keys is made in these files only.
        Assert.Equal(sections.Length,
            Files.Count(file => file.Text.Contains("KeyTable<", StringComparison.Ordinal)
            && file.Text.Contains("Keys { get; } = new(", StringComparison.Ordinal)));
    }

    [Fact]
    public void Each_native_function_is_declared_once_in_its_type()
    {
        foreach (var (file, text) in Files)
        {
            var names = Native().Matches(text).Select(match => match.Groups[1].Value).ToList();
            Assert.True(names.Distinct().Count() == names.Count,
                $"{file} declares a native function twice: "
                + $"{string.Join(", ", names.GroupBy(name => name).Where(group => group.Count() > 1).Select(group => group.Key))}");
        }
    }

    private static List<string> Names(Regex definition) =>
        [.. Files.SelectMany(
            file => definition.Matches(file.Text)
            .Select(match => string.Join('-', match.Groups.Cast<Group>().Skip(1).Select(group => group.Value))))];

    private static void AssertOnce(Regex definition, int at)
    {
        var names = Names(definition);
        Assert.True(names.Count >= at, $"found only {names.Count}; has the way they are written changed?");
        Assert.Empty(names.GroupBy(name => name, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1)
            .Select(group => group.Key));
    }

    [GeneratedRegex(@"^\s*#(if|elif|else)\b", RegexOptions.Multiline)]
    private static partial Regex Directive();

    [GeneratedRegex(@"^return await ", RegexOptions.Multiline)]
    private static partial Regex TopLevelStatement();

    [GeneratedRegex(@"= new Command\(\s*""([a-z-]+)""")]
    private static partial Regex Verb();

    [GeneratedRegex(@"\[Cmdlet\(Verbs\w+\.(\w+), ""(\w+)""")]
    private static partial Regex Cmdlet();

    [GeneratedRegex(@"= new\(\s*""((?:WSGI|DPXY)\d{4})""")]
    private static partial Regex EventCode();

    [GeneratedRegex(@"^\s*\{\s*""([a-z0-9-]+)"",", RegexOptions.Multiline)]
    private static partial Regex Key();

    [GeneratedRegex(@"EntryPoint = ""([^""]+)""")]
    private static partial Regex Native();
}
