using System.Runtime.Versioning;
using DaemonProxy.Control;
using DaemonProxy.Platform;
using Xunit;

namespace DaemonProxy.Tests.Control;

[UnsupportedOSPlatform("windows")] // for the analyzer: each test that needs a mode is skipped there
public sealed class RuntimeDirectoryTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Directory_is_made_for_its_owner_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows protects the folder through the user profile, not through a mode");
        var path = _scratch.File("run");

        Assert.Equal(path, RuntimeDirectory.Open(path).Path);

        Assert.Equal("700", Convert.ToString((int)File.GetUnixFileMode(path), 8));
    }

    [Theory]
    [InlineData("710")]
    [InlineData("704")]
    [InlineData("777")]
    public void Directory_that_others_can_use_is_refused(string mode)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes");
        var path = _scratch.File("run");
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32(mode, 8));

        var refused = Assert.Throws<ControlException>(() => RuntimeDirectory.Open(path));

        Assert.Equal(ControlFailure.RuntimeDirectory, refused.Failure);
        Assert.Contains($"(mode {mode}); make it yours alone with chmod 700", refused.Message);
        Assert.Contains(path, refused.Message);
    }

    [Fact]
    public void Directory_that_is_a_link_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege on Windows");
        var path = _scratch.File("link");
        Directory.CreateSymbolicLink(path, _scratch.Path);

        var refused = Assert.Throws<ControlException>(() => RuntimeDirectory.Open(path));

        Assert.Contains("is a symbolic link", refused.Message);
        Assert.Throws<ControlException>(() => RuntimeDirectory.OpenExisting(path));
    }

    [Fact]
    public void Directory_of_another_user_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows protects the folder through the user profile");
        // Something that is surely not ours: root's folder for everybody else, and for root one that is handed to another user.
        var path = _scratch.File("theirs");
        if (FileOwner.CurrentUser == 0)
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            using var chown = System.Diagnostics.Process.Start("chown", ["65534", path]);
            chown.WaitForExit();
        }
        else
            path = "/usr";

        var refused = Assert.Throws<ControlException>(() => RuntimeDirectory.Open(path));

        Assert.Contains("belongs to another user", refused.Message);
    }

    [Fact]
    public void Directory_that_cannot_be_made_is_one_sentence()
    {
        var file = _scratch.File("file");
        File.WriteAllText(file, "");

        var refused = Assert.Throws<ControlException>(() => RuntimeDirectory.Open(Path.Combine(file, "run")));

        Assert.Contains("cannot be made", refused.Message);
        Assert.Contains("set DAEMONPROXY_RUNTIME_DIR to a folder of your own", refused.Message);
        Assert.DoesNotContain(Environment.NewLine, refused.Message);
    }

    [Fact]
    public void Directory_that_is_not_there_is_not_made_by_a_look()
    {
        var path = _scratch.File("nothing");

        Assert.Null(RuntimeDirectory.OpenExisting(path));

        Assert.False(Directory.Exists(path));
    }

    [Fact]
    public void Path_too_long_for_a_socket_names_the_way_out()
    {
        var runtime = RuntimeDirectory.Open(_scratch.File(new string('x', 90)));

        var refused = Assert.Throws<ControlException>(() => InstanceDirectory.Acquire("site", runtime));

        Assert.Contains($"the system takes {RuntimeDirectory.LongestSocketPath}", refused.Message);
        Assert.Contains("set DAEMONPROXY_RUNTIME_DIR to a shorter folder", refused.Message);
    }

    [Fact]
    public void Longest_path_for_a_socket_is_counted_in_bytes()
    {
        const string File = "control.sock";
        var longest = RuntimeDirectory.LongestSocketPath - File.Length - 1;
        var folder = "/" + new string('x', longest - 1);

        Assert.Equal(RuntimeDirectory.LongestSocketPath, RuntimeDirectory.SocketPath(folder, File).Length);
        Assert.Throws<ControlException>(() => RuntimeDirectory.SocketPath(folder[..^1] + "ä", File));
    }
}
