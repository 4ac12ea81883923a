using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Editing;
using Xunit;

namespace DaemonProxy.Tests.Configuration.Editing;

public sealed class ConfigurationSaveTests : IDisposable
{
    private const string Text = "# what\nname: a # b\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("daemonproxy-tests-").FullName;

    private string Site => Path.Combine(_folder, "site.yaml");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void File_keeps_its_encoding_and_its_mark()
    {
        foreach (var encoding in new Encoding[] { new UTF8Encoding(false), new UTF8Encoding(true), new UnicodeEncoding(false, true) })
        {
            File.WriteAllText(Site, Text, encoding);
            var before = File.ReadAllBytes(Site);
            var document = ConfigurationDocument.Load(Site);
            Assert.False(document.Save(Site, overwrite: false));
            Assert.Equal(before, File.ReadAllBytes(Site));
            Set(document, "\u00fc-not-a-name");
            Set(document, "b");
            Assert.True(document.Save(Site, overwrite: false));
            Assert.Equal([.. encoding.GetPreamble(), .. encoding.GetBytes("# what\nname: b # b\n")], File.ReadAllBytes(Site));
        }
    }

    [Fact]
    public void File_can_be_changed_and_saved_again()
    {
        File.WriteAllText(Site, Text);
        var document = ConfigurationDocument.Load(Site);
        Assert.False(document.IsChanged);
        foreach (var name in new[] { "b", "c" })
        {
            Set(document, name);
            Assert.True(document.IsChanged);
            document.Save(Site, overwrite: false);
            Assert.False(document.IsChanged);
            Assert.Equal(name, ConfigurationFile.Load(Site).Name);
        }
    }

    [Fact]
    public void File_that_somebody_has_changed_is_left_alone()
    {
        File.WriteAllText(Site, Text);
        var document = ConfigurationDocument.Load(Site);
        Set(document, "b");
        File.AppendAllText(Site, "# mine\n");
        Assert.Equal(SaveFailure.FileChanged,
            Assert.Throws<ConfigurationSaveException>(() => document.Save(Site, overwrite: false)).Failure);
        Assert.Contains("# mine", File.ReadAllText(Site));
        Assert.True(document.Save(Site, overwrite: true));
        Assert.DoesNotContain("# mine", File.ReadAllText(Site));
    }

    [Fact]
    public void Other_file_is_left_alone()
    {
        File.WriteAllText(Site, Text);
        File.WriteAllText(Path.Combine(_folder, "other.yaml"), Text);
        var document = ConfigurationDocument.Load(Site);
        Assert.Equal(SaveFailure.FileExists,
            Assert.Throws<ConfigurationSaveException>(() => document.Save(Path.Combine(_folder, "other.yaml"), overwrite: false)).Failure);
    }

    [Fact]
    public void Mistake_leaves_the_file_alone_and_nothing_beside_it()
    {
        File.WriteAllText(Site, Text);
        var document = ConfigurationDocument.Load(Site);
        Set(document, "not a name");
        var mistake = Assert.Single(Assert.Throws<ConfigurationException>(() => document.Save(Site, overwrite: false)).Errors);
        Assert.Equal((Site, 2, 7), (mistake.File, mistake.Line, mistake.Column));
        Assert.Equal(Text, File.ReadAllText(Site));
        Assert.Equal([Site], Directory.GetFiles(_folder));
    }

    [Fact]
    public void Folder_that_is_not_there_is_an_error()
    {
        var document = ConfigurationDocument.New();
        Set(document, "a");
        Assert.Equal(SaveFailure.NotWritable,
            Assert.Throws<ConfigurationSaveException>(
            () => document.Save(Path.Combine(_folder, "none", "site.yaml"), overwrite: false)).Failure);
    }

    [Fact]
    public void Link_stays_a_link_and_permissions_stay()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows asks for a privilege before it makes a link.");
        var target = Path.Combine(_folder, "target.yaml");
        File.WriteAllText(target, Text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(target, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        File.CreateSymbolicLink(Site, "target.yaml");
        var document = ConfigurationDocument.Load(Site);
        Set(document, "b");
        document.Save(Site, overwrite: false);
        Assert.Equal("target.yaml", new FileInfo(Site).LinkTarget);
        Assert.Contains("name: b", File.ReadAllText(target));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(target));
    }

    [Fact]
    public void Relative_paths_depend_on_the_folder_and_full_ones_do_not()
    {
        var relative = ConfigurationDocument.Parse("access-log: a.log", "site.yaml", _folder);
        Assert.True(relative.DependsOnFolder(_folder, Path.Combine(_folder, "other")));
        var full = ConfigurationDocument.Parse($"access-log: '{Path.Combine(_folder, "a.log")}'", "site.yaml", _folder);
        Assert.False(full.DependsOnFolder(_folder, Path.Combine(_folder, "other")));
        var group = ConfigurationDocument.Parse("daemons: [ { name: a, application: site:app } ]", "site.yaml", _folder);
        Assert.False(group.DependsOnFolder(_folder, Path.Combine(_folder, "other")));
    }

    private static void Set(ConfigurationDocument document, string name) =>
        document.Root.Set("name", new ScalarValue(name), OptionTable.Proxy.Names);
}
