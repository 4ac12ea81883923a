using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Tests.Configuration;
using Xunit;

namespace DaemonProxy.Tests.Fuzzing;

/// <summary>Any text is a configuration, or has mistakes that name a place in it and read as one line.</summary>
internal static class ConfigurationTarget
{
    public static void Check(byte[] input)
    {
        var yaml = Encoding.UTF8.GetString(input);
        try
        {
            ConfigurationFile.Parse(yaml, "site.yaml", ConfigurationText.Folder);
        }
        catch (ConfigurationException mistaken)
        {
            // YAML ends lines at more characters than most editors do; a place is right in either count.
            var lines = yaml.Split(["\r\n", "\n", "\r", "\u0085", "\u2028", "\u2029"], StringSplitOptions.None);
            Assert.NotEmpty(mistaken.Errors);
            foreach (var error in mistaken.Errors)
            {
                Assert.Equal("site.yaml", error.File);
                Assert.InRange(error.Line, 0, lines.Length + 1);
                Assert.InRange(error.Column, 0, yaml.Length + 1);
                Assert.True(error.Line > 0 == error.Column > 0, $"line {error.Line}, column {error.Column}");
                if (error.Line > 0 && error.Line <= lines.Length) Assert.InRange(error.Column, 1, lines[error.Line - 1].Length + 2);
                Assert.False(error.Message.Length == 0 || error.Message.Any(char.IsControl), error.Message);
                Assert.DoesNotContain("Exception", error.Message);
            }
        }
    }
}
