using Xunit;
using static DaemonProxy.Tests.Configuration.ConfigurationText;

namespace DaemonProxy.Tests.Configuration;

/// <summary>What is no YAML, or no YAML for a configuration, is one mistake with its place.</summary>
public sealed class YamlSyntaxTests
{
    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("# nothing but a comment\n")]
    [InlineData("---\n...\n")]
    [InlineData("null")]
    public void Empty_file_says_what_it_needs(string yaml) =>
        Assert.Equal("0:0 the file is empty; give it at least one key, for example 'name: site'", Assert.Single(Mistakes(yaml)));

    [Theory]
    [InlineData("name: [ a\n", "2:1")]
    [InlineData("a: !!]", "1:7")]
    [InlineData("a: !<]>", "1:8")]
    [InlineData("name: \"a\n", "1:7")]
    [InlineData("name: a\n  listen: b\n", "2:9")]
    [InlineData("name: @a\n", "1:7")]
    [InlineData("daemons:\n  - name: app\n   sample: on\n", "3:4")]
    [InlineData("daemons:\n- name: [ a, b\n  sample: on\nroutes: []\n", "3:3")]
    [InlineData("name: a\n}\n", "2:1")]
    public void Syntax_error_has_its_place_and_is_one_line(string yaml, string place)
    {
        var mistake = Assert.Single(Mistakes(yaml));
        Assert.StartsWith(place + " ", mistake);
        Assert.DoesNotContain('\n', mistake);
        Assert.DoesNotContain("YamlDotNet", mistake);
        Assert.DoesNotContain("Exception", mistake);
    }

    [Theory]
    [InlineData("daemons:\n  - name: app\n\tsample: on\n", "3:1")]
    [InlineData("daemons:\n\t- name: app\n", "2:1")]
    public void Tab_in_the_indentation_is_told_as_such(string yaml, string place) =>
        Assert.Equal($"{place} this line is indented with a tab, and YAML takes spaces only", Assert.Single(Mistakes(yaml)));

    [Fact]
    public void Braces_without_quotes_are_told_as_such() =>
        Assert.Equal(
            "1:25 this is no YAML: text with braces must stand in quotes, as in \"unix:{socket}\"",
            Assert.Single(Mistakes("command: [ --bind, unix:{socket} ]\n")));

    [Theory]
    [InlineData("name: a\n---\nname: b\n", "2:1 a second document begins here, and")]
    [InlineData("name: *nobody\n", "1:7 the alias '*nobody' names nothing")]
    [InlineData("listen: &me [ *me ]\n", "1:15 the alias '*me' stands inside the very value")]
    [InlineData("name: !env NAME\n", "1:7 the tag '!env' means nothing here")]
    [InlineData("? [ a ]\n: b\n", "1:3 a key must be a name")]
    [InlineData("<<: a\n", "1:5 '<<' merges mappings, and this is the single value 'a'")]
    public void What_YAML_allows_and_a_configuration_does_not(string yaml, string mistake) =>
        Assert.StartsWith(mistake, Assert.Single(Mistakes(yaml)));

    [Theory]
    [InlineData("a: !!]\n", "1:")]
    [InlineData("name: a\nb: [ !!] ]\n", "2:")]
    [InlineData("name: !<]> a\n", "1:")]
    public void Tag_that_is_none_is_a_mistake_with_a_place(string yaml, string line) =>
        Assert.StartsWith(line, Assert.Single(Mistakes(yaml)));

    [Theory]
    [InlineData("name: *a\u001b[31m\n")]
    [InlineData("name: !\u001b]0;x\u0007 a\n")]
    [InlineData("name: \u0001\n")]
    public void Message_about_syntax_sends_a_terminal_nothing_that_it_obeys(string yaml) =>
        Assert.DoesNotContain(Assert.Single(Mistakes(yaml)), char.IsControl);

    [Fact]
    public void Text_after_a_NUL_is_not_passed_over() =>
        Assert.Equal("2:8 the file holds a NUL character, which no text does; leave it out",
            Assert.Single(Mistakes("name: a\nlisten:\0 [ ]\n")));

    [Fact]
    public void Tag_that_says_what_a_value_is_anyway_does_no_harm() => Assert.Equal("a", Read("name: !!str a").Name);

    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    public void Nesting_without_end_is_a_mistake_and_no_crash(string bracket) =>
        Assert.Single(Mistakes(string.Concat(Enumerable.Repeat(bracket, 100_000 / bracket.Length))));

    [Fact]
    public void Aliases_that_multiply_into_billions_are_a_mistake_and_cost_no_time()
    {
        var yaml = "a0: &a0 [ x, x, x, x, x, x, x, x, x, x ]\n"
            + string.Concat(
            Enumerable.Range(1, 20).Select(i => $"a{i}: &a{i} [ {string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))} ]\n"));
        Assert.Contains("aliases counted in full", Assert.Single(Mistakes(yaml)));
    }
}
