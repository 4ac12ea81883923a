using DaemonProxy.Configuration;
using Xunit;

namespace DaemonProxy.Tests.Configuration;

public sealed class NameTests
{
    [Theory]
    [InlineData("site")]
    [InlineData("9.a_b-c")]
    public void Letters_digits_dots_underscores_and_dashes_make_a_name(string name) => Assert.True(NameRule.Allows(name));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("-site")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("s\u00efte")]
    [InlineData("a\n")]
    public void What_could_leave_its_folder_or_confuse_a_shell_is_no_name(string? name) => Assert.False(NameRule.Allows(name));

    [Fact]
    public void Name_has_at_most_64_characters()
    {
        Assert.True(NameRule.Allows(new string('a', 64)));
        Assert.False(NameRule.Allows(new string('a', 65)));
    }

    [Theory]
    [InlineData("response-flush-dely", "response-flush-delay")]
    [InlineData("response_flush_delay", "response-flush-delay")]
    [InlineData("Response-Flush-Deadline", "response-flush-deadline")]
    [InlineData("naem", "name")]
    public void Mistyped_name_finds_the_nearest(string typed, string meant) =>
        Assert.Equal(meant, NearestName.To(typed, ["name", "response-flush-delay", "response-flush-deadline"]));

    [Theory]
    [InlineData("processes")]
    [InlineData("")]
    public void Name_that_is_near_to_none_finds_none(string typed) =>
        Assert.Null(NearestName.To(typed, ["name", "response-flush-delay"]));
}
