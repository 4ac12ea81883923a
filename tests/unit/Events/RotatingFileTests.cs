using System.Text;
using DaemonProxy.Events;
using DaemonProxy.Tests.Control;
using Xunit;

namespace DaemonProxy.Tests.Events;

public sealed class RotatingFileTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Full_file_makes_room_and_the_oldest_goes()
    {
        var path = _scratch.File("log");
        using (var log = new RotatingFile(path, limit: 20))
        {
            for (var number = 0; number < 14; number++) log.Write(Encoding.ASCII.GetBytes($"line {number:00}\n"));
        }
        // Two lines of eight bytes to a file, five files at most: the first four lines are gone, and none is torn.
        var lines = RotatingFile.Generations(path).SelectMany(File.ReadAllLines);
        Assert.Equal(Enumerable.Range(4, 10).Select(number => $"line {number:00}"), lines);
        Assert.Equal(1 + RotatingFile.DefaultKept, Directory.GetFiles(_scratch.Path, "log*").Length);
    }

    [Fact]
    public void File_that_was_removed_or_moved_away_is_made_again()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows keeps the name of a file that is open");
        var path = _scratch.File("log");
        using var log = new RotatingFile(path);
        log.Write("one\n"u8);
        File.Delete(path);
        log.Write("two\n"u8);
        Assert.Equal("two\n", File.ReadAllText(path));
        File.Move(path, path + ".old");
        log.Write("three\n"u8);
        File.Move(path, path + ".older");
        File.WriteAllText(path, "");
        log.Write("four\n"u8);
        Assert.Equal("two\n|three\n|four\n",
            string.Join('|', File.ReadAllText(path + ".old"), File.ReadAllText(path + ".older"), File.ReadAllText(path)));
    }

    [Fact]
    public void File_that_is_there_goes_on()
    {
        var path = _scratch.File("log");
        File.WriteAllText(path, "there before\n");
        using (var log = new RotatingFile(path, limit: 20)) log.Write("new\n"u8);
        Assert.Equal("there before\nnew\n", File.ReadAllText(path));
        using (var log = new RotatingFile(path, limit: 20)) log.Write("more\n"u8);
        Assert.Equal("more\n", File.ReadAllText(path));
        Assert.Equal("there before\nnew\n", File.ReadAllText(path + ".1"));
    }

    [Fact]
    public void Link_is_followed_and_stays()
    {
        var (path, link) = (_scratch.File("log"), _scratch.File("link"));
        File.WriteAllText(path, "0123456789\n");
        File.CreateSymbolicLink(link, path);
        using (var log = new RotatingFile(link, limit: 15)) log.Write("abcdefgh\n"u8);
        Assert.Equal("abcdefgh\n", File.ReadAllText(link));
        Assert.Equal("0123456789\n", File.ReadAllText(path + ".1"));
    }

    [Fact]
    public void Device_is_never_renamed()
    {
        Assert.SkipUnless(File.Exists("/dev/null"), "there is no /dev/null");
        using var log = new RotatingFile("/dev/null", limit: 10);
        for (var number = 0; number < 10; number++) log.Write("0123456\n"u8);
        Assert.False(File.Exists("/dev/null.1"));
    }

    [Fact]
    public void Folder_where_nothing_may_be_renamed_gets_a_file_that_grows()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "folders have no such mode");
        var path = _scratch.File("log");
        using var log = new RotatingFile(path, limit: 10);
        // A folder in the way of the rename stops root as well, which a mode does not.
        Directory.CreateDirectory(Path.Combine(path + ".1", "in the way"));
        for (var number = 0; number < 4; number++) log.Write("0123456\n"u8);
        Assert.Equal(32, new FileInfo(path).Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void As_many_full_files_are_kept_as_was_said(int kept)
    {
        var path = _scratch.File("log");
        // Left by a time when more were kept.
        for (var number = 1; number <= 6; number++) File.WriteAllText($"{path}.{number}", "old\n");
        File.WriteAllText(path + ".20261126", "not of this numbering\n");
        using (var log = new RotatingFile(path, limit: 20, kept))
        {
            for (var number = 0; number < 14; number++) log.Write(Encoding.ASCII.GetBytes($"line {number:00}\n"));
        }
        var lines = RotatingFile.Generations(path).SelectMany(File.ReadAllLines);
        Assert.Equal(Enumerable.Range(12 - (2 * kept), 2 + (2 * kept)).Select(number => $"line {number:00}"), lines);
        Assert.Equal(kept + 2, Directory.GetFiles(_scratch.Path, "log*").Length);
    }

    [Fact]
    public void File_that_somebody_else_rotates_only_grows()
    {
        var path = _scratch.File("log");
        using var log = new RotatingFile(path, limit: 0);
        for (var number = 0; number < 100; number++) log.Write(new byte[4096]);
        Assert.Equal(409_600, new FileInfo(path).Length);
        Assert.Single(Directory.GetFiles(_scratch.Path));
    }

    [Fact]
    public void Only_owner_and_group_may_read_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "files have no such mode");
        var path = _scratch.File("log");
        using var log = new RotatingFile(path, limit: 10);
        for (var number = 0; number < 4; number++) log.Write("0123456\n"u8);
        Assert.All(Directory.GetFiles(_scratch.Path), file =>
            Assert.Equal(UnixFileMode.None, new FileInfo(file).UnixFileMode
                & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead)));
    }

    [Fact]
    public void File_whose_folder_is_gone_says_so_until_the_folder_is_back()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows keeps the name of a file that is open");
        Directory.CreateDirectory(Path.Combine(_scratch.Path, "folder"));
        var path = Path.Combine(_scratch.Path, "folder", "log");
        using var log = new RotatingFile(path);
        log.Write("one\n"u8);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        for (var attempt = 0; attempt < 2; attempt++)
            Assert.Contains($"{path} is gone and cannot be made again", Assert.Throws<IOException>(() => log.Write("lost\n"u8)).Message);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        log.Write("two\n"u8);
        Assert.Equal("two\n", File.ReadAllText(path));
    }

    [Fact]
    public void Full_disk_is_an_error_for_the_caller()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "there is no /dev/full");
        using var log = new RotatingFile("/dev/full", limit: 10);
        for (var attempt = 0; attempt < 3; attempt++) Assert.Throws<IOException>(() => log.Write("0123456\n"u8));
    }
}
