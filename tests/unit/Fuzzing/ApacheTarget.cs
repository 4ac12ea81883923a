using System.Text;
using System.Text.RegularExpressions;
using DaemonProxy.Configuration;
using DaemonProxy.Editing.Apache;
using DaemonProxy.Tests.Configuration;
using Xunit;

namespace DaemonProxy.Tests.Fuzzing;

/// <summary>
/// Whatever an httpd.conf says, it is converted, what is made of it passes the check of our own configurations, and each note names a line
/// of it.
/// </summary>
internal static partial class ApacheTarget
{
    public static void Check(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        // Reading the files of this machine is none of a fuzzer's business; what Include does has its own tests.
        if (ReadsFiles().IsMatch(text.Replace("\\\n", ""))) return;
        foreach (var server in new[] { null, "shop.example" })
        {
            var made = ApacheConversion.OfLines(text.Split('\n'), "httpd.conf", ConfigurationText.Folder, new() { ServerName = server });
            foreach (var note in made.NotCarriedOver.Concat(made.CarriedDifferently))
                Assert.InRange(note.Line, 1, text.Split('\n').Length);
            if (!made.HasRoutes) continue;
            try
            {
                made.Document.Check("site.yaml", ConfigurationText.Folder);
            }
            catch (ConfigurationException mistaken)
            {
                Assert.Fail($"{mistaken.Message}\n{made.Document.Text()}");
            }
        }
    }

    [GeneratedRegex("include|serverroot|iffile", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ReadsFiles();
}
