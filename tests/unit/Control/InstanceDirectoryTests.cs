using System.Diagnostics;
using System.Runtime.Versioning;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using Xunit;

namespace DaemonProxy.Tests.Control;

[UnsupportedOSPlatform("windows")] // for the analyzer: each test that needs a mode is skipped there
public sealed class InstanceDirectoryTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Name_that_is_running_is_refused_with_its_process_and_the_way_out()
    {
        using var first = InstanceDirectory.Acquire("site", _scratch.Runtime);

        var refused = Assert.Throws<ControlException>(() => InstanceDirectory.Acquire("site", _scratch.Runtime));

        Assert.Equal(ControlFailure.AlreadyRunning, refused.Failure);
        Assert.Equal(
            $"'site' is already running (process {Environment.ProcessId}); stop it with daemonproxy stop site "
                + "(Stop-DaemonProxy site in PowerShell), or choose another name with --name",
            refused.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData(".site")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("site\n")]
    [InlineData("größe")]
    public void Name_that_breaks_the_rule_is_refused(string name)
    {
        var refused = Assert.Throws<ControlException>(() => InstanceDirectory.Acquire(name, _scratch.Runtime));

        Assert.Equal(ControlFailure.Invalid, refused.Failure);
        Assert.EndsWith(NameRule.Sentence, refused.Message);
    }

    [Fact]
    public void Running_names_are_listed_in_order()
    {
        using var b = InstanceDirectory.Acquire("b", _scratch.Runtime);
        using var a = InstanceDirectory.Acquire("a", _scratch.Runtime);

        Assert.Equal(["a", "b"], InstanceDirectory.List(_scratch.Runtime));
        Assert.True(InstanceDirectory.IsRunning("a", _scratch.Runtime));
        Assert.False(InstanceDirectory.IsRunning("c", _scratch.Runtime));
    }

    [Fact]
    public void Listing_clears_what_a_dead_front_end_has_left_but_its_event_log()
    {
        LeaveStale("dead");
        File.WriteAllText(_scratch.File("dead", "events.log"), "why it ended");

        Assert.Empty(InstanceDirectory.List(_scratch.Runtime));

        Assert.Equal([_scratch.File("dead", "events.log")], Directory.GetFileSystemEntries(_scratch.File("dead")));
    }

    [Fact]
    public void Listing_removes_the_folder_of_a_dead_front_end_without_an_event_log()
    {
        LeaveStale("dead");

        Assert.Empty(InstanceDirectory.List(_scratch.Runtime));

        Assert.False(Directory.Exists(_scratch.File("dead")));
    }

    [Fact]
    public void Starting_clears_what_a_dead_front_end_of_that_name_has_left_but_its_event_log()
    {
        LeaveStale("site");
        File.WriteAllText(_scratch.File("site", "events.log"), "why it ended");

        using var taken = InstanceDirectory.Acquire("site", _scratch.Runtime);

        Assert.False(File.Exists(taken.ControlSocket));
        Assert.Empty(Directory.GetFiles(taken.Path, "*.sock"));
        Assert.False(Directory.Exists(_scratch.File("site", "folder")));
        Assert.Equal("why it ended", File.ReadAllText(taken.EventLogFile));
    }

    [Fact]
    public void Name_is_free_again_when_the_front_end_has_given_it_back()
    {
        var first = InstanceDirectory.Acquire("site", _scratch.Runtime);
        File.WriteAllText(first.ControlSocket, "");
        first.Dispose();
        first.Dispose();

        Assert.False(Directory.Exists(first.Path));
        InstanceDirectory.Acquire("site", _scratch.Runtime).Dispose();
    }

    [Fact]
    public void Front_end_that_gives_its_name_back_leaves_its_event_log()
    {
        var first = InstanceDirectory.Acquire("site", _scratch.Runtime);
        File.WriteAllText(first.EventLogFile, "all of it");
        first.Dispose();

        Assert.Equal([first.EventLogFile], Directory.GetFileSystemEntries(first.Path));
    }

    [Fact]
    public void Forgetting_removes_everything_of_an_ended_front_end_and_nothing_of_a_running_one()
    {
        var site = InstanceDirectory.Acquire("site", _scratch.Runtime);
        File.WriteAllText(site.EventLogFile, "");
        InstanceDirectory.Forget("site", _scratch.Runtime);
        Assert.True(File.Exists(site.EventLogFile));

        site.Dispose();
        InstanceDirectory.Forget("site", _scratch.Runtime);

        Assert.False(Directory.Exists(site.Path));
    }

    /// <summary>One that has been replaced and still drains, whose successor has died: nobody holds the name.</summary>
    [Fact]
    public void Start_leaves_the_sockets_of_a_front_end_that_still_runs_and_removes_all_others()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the processes are stand-ins, told apart by their command lines in /proc");
        var first = InstanceDirectory.Acquire("site", _scratch.Runtime);
        var folder = first.Path;
        first.Dispose();
        Directory.CreateDirectory(folder);
        using var draining = Waiting("daemonproxy");
        using var stranger = Waiting("another");
        using var ended = Waiting("daemonproxy");
        ended.Kill();
        ended.WaitForExit();
        string[] own = [$"app.{draining.Id}.1.sock", $"app.v2.{draining.Id}.12.sock"];
        string[] remains =
        [
            $"app.{ended.Id}.1.sock", $"app.{stranger.Id}.1.sock", $"app.{Environment.ProcessId}.1.sock", "app.1.sock", "app.x.1.sock",
            "control.sock", $"{draining.Id}.1.sock", $"app.{draining.Id}.1.sock~",
        ];
        foreach (var name in own.Concat(remains)) File.WriteAllText(Path.Combine(folder, name), "");

        // Left by the successor, and held by nobody.
        File.WriteAllText(Path.Combine(folder, "instance.lock"), "");

        // Whoever looks for running front ends removes what dead ones have left, and so do the next start and its end.
        Assert.False(InstanceDirectory.IsRunning("site", _scratch.Runtime));
        AssertSockets(own);
        InstanceDirectory.Acquire("site", _scratch.Runtime).Dispose();
        AssertSockets(own);
        draining.Kill();
        draining.WaitForExit();
        stranger.Kill();
        InstanceDirectory.Acquire("site", _scratch.Runtime).Dispose();
        Assert.False(Directory.Exists(folder));

        void AssertSockets(string[] expected) => Assert.Equal(
            expected.Order(),
            Directory.GetFiles(folder).Select(file => Path.GetFileName(file)).Where(name => name.Contains("sock")).Order());
    }

    /// <summary>A process that does nothing until it is killed.</summary>
    private static Process Waiting(string name) =>
        Process.Start(new ProcessStartInfo("sh", ["-c", "read line", name]) { RedirectStandardInput = true })!;

    [Fact]
    public void Folder_of_a_front_end_is_its_owners_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes");
        using var site = InstanceDirectory.Acquire("site", _scratch.Runtime);

        Assert.Equal("700", Convert.ToString((int)File.GetUnixFileMode(site.Path), 8));
    }

    [Fact]
    public void Socket_of_a_worker_has_the_front_ends_process_in_its_name_and_room_for_any_other_process()
    {
        using var site = InstanceDirectory.Acquire("site", _scratch.Runtime);
        var longest = OperatingSystem.IsMacOS() ? "99999" : "4194304";
        var room = RuntimeDirectory.LongestSocketPath - System.Text.Encoding.UTF8.GetByteCount($"{site.Path}/.{longest}.99999.sock");

        Assert.Equal($"app.{Environment.ProcessId}.7.sock", Path.GetFileName(site.DaemonSocket("app", 7)));
        Assert.NotNull(site.DaemonSocket(new string('a', room), 1));
        var refused = Assert.Throws<ControlException>(() => site.DaemonSocket(new string('a', room + 1), 1));
        Assert.Contains("or choose a shorter name", refused.Message);
    }

    [Fact]
    public async Task Of_many_starters_one_wins_while_others_look()
    {
        using var done = new CancellationTokenSource();
        var looking = Task.Run(() =>
        {
            while (!done.IsCancellationRequested)
                InstanceDirectory.List(_scratch.Runtime);
        });
        for (var round = 0; round < 20; round++)
        {
            LeaveStale("site");
            var starters = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
            {
                try
                {
                    return InstanceDirectory.Acquire("site", _scratch.Runtime);
                }
                catch (ControlException error) when (error.Failure is ControlFailure.AlreadyRunning)
                {
                    return null;
                }
            })));

            Assert.Single(starters, starter => starter is not null);
            Array.ForEach(starters, starter => starter?.Dispose());
        }

        await done.CancelAsync();
        await looking;
    }

    private void LeaveStale(string name)
    {
        Directory.CreateDirectory(_scratch.File(name, "folder"));
        foreach (var file in (string[])["instance.json", "control.sock", "app.1234.1.sock", "s~1234", "instance.lock"])
            File.WriteAllText(_scratch.File(name, file), "");
    }
}
