using System.Security.Cryptography;
using DaemonProxy.Services;
using DaemonProxy.Tests.EndToEnd;
using Xunit;

namespace DaemonProxy.Tests.Packaging;

/// <summary>
/// The .tar.gz and the .deb as tools/Package/linux-packages makes them, here of the host that the build left: what is in them, and who may
/// find fault with it. That the real ones can be installed and serve is in tests/pester/LinuxPackages.Tests.ps1.
/// </summary>
public sealed class LinuxPackagesTests : IDisposable
{
    private static readonly string Tools = Path.Combine(RepositoryRoot.Path, "tools", "Package");

    private readonly string _folder = RunningFrontEnd.NewFolder();

    public LinuxPackagesTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "packages for Linux are made on Linux");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Archive_has_what_belongs_below_usr_local_and_no_more()
    {
        await MakeAsync("linux-arm64", _folder);

        var (_, list) = await Programs.RunAsync("tar", "-tzf", Path.Combine(_folder, "daemonproxy-1.2.3-linux-arm64.tar.gz"));
        var (_, unit) = await Programs.RunAsync(
            "tar", "-xzOf", Path.Combine(_folder, "daemonproxy-1.2.3-linux-arm64.tar.gz"),
            "daemonproxy-1.2.3-linux-arm64/lib/systemd/system/daemonproxy@.service");

        Assert.Equal(
        [
            "bin/daemonproxy",
            "lib/systemd/system/daemonproxy@.service",
            "share/bash-completion/completions/daemonproxy",
            "share/daemonproxy/daemonproxy.schema.json",
            "share/doc/daemonproxy/CHANGELOG.md",
            "share/doc/daemonproxy/DotNetNotices.txt",
            "share/doc/daemonproxy/LICENSE",
            "share/doc/daemonproxy/ThirdPartyNotices.txt",
            "share/doc/daemonproxy/examples/example.yaml",
            "share/doc/daemonproxy/examples/sample.yaml",
            "share/doc/daemonproxy/install.md",
            "share/man/man1/daemonproxy.1.gz",
            "share/zsh/site-functions/_daemonproxy",
        ], list.Split('\n').Where(line =>
            line.Length > 0 && !line.EndsWith('/')).Select(line => line["daemonproxy-1.2.3-linux-arm64/".Length..]));
        Assert.Contains("ExecStart=/usr/local/bin/daemonproxy serve ", unit);
        Assert.DoesNotContain("/usr/bin", unit);
    }

    /// <summary>Front ends that root starts leave folders for their users, and logs in some of them, below /run/daemonproxy.</summary>
    [Fact]
    public async Task Removal_leaves_no_empty_folder_and_purging_no_log()
    {
        var run = Path.Combine(_folder, "run", "daemonproxy");
        var log = Path.Combine(Directory.CreateDirectory(Path.Combine(run, "site", "www-data")).FullName, "events.log");
        await File.WriteAllTextAsync(log, "", TestContext.Current.CancellationToken);
        Directory.CreateDirectory(Path.Combine(run, "550c2c5b9126", "app"));

        await RemoveAsync("remove");
        Assert.Equal([Path.Combine(run, "site")], Directory.GetDirectories(run));
        Assert.True(File.Exists(log));

        await RemoveAsync("purge");
        Assert.False(Directory.Exists(run));

        async Task RemoveAsync(string how) => Assert.Equal(
            0, (await Programs.RunAsync("env", $"DPKG_ROOT={_folder}", "sh", Path.Combine(Tools, "linux", "postrm"), how)).ExitCode);
    }

    [Fact]
    public async Task Debian_package_has_the_files_modes_and_fields_of_one()
    {
        var package = await MakeAsync("linux-x64", _folder);
        var (_, list) = await Programs.RunAsync("dpkg-deb", "-c", package);
        var files = list.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries)).Where(line => line[0][0] != 'd').ToList();

        Assert.Equal(
        [
            "-rw-r--r-- ./etc/daemonproxy/sample.yaml",
            "-rwxr-xr-x ./usr/bin/daemonproxy",
            "-rw-r--r-- ./usr/lib/systemd/system/daemonproxy@.service",
            "-rw-r--r-- ./usr/share/bash-completion/completions/daemonproxy",
            "-rw-r--r-- ./usr/share/daemonproxy/daemonproxy.schema.json",
            "-rw-r--r-- ./usr/share/doc/daemonproxy/DotNetNotices.txt",
            "-rw-r--r-- ./usr/share/doc/daemonproxy/changelog.Debian.gz",
            "-rw-r--r-- ./usr/share/doc/daemonproxy/changelog.gz",
            "-rw-r--r-- ./usr/share/doc/daemonproxy/copyright",
            "-rw-r--r-- ./usr/share/doc/daemonproxy/examples/example.yaml",
            "-rw-r--r-- ./usr/share/lintian/overrides/daemonproxy",
            "-rw-r--r-- ./usr/share/man/man1/daemonproxy.1.gz",
            "-rw-r--r-- ./usr/share/zsh/vendor-completions/_daemonproxy",
        ], files.Select(file => $"{file[0]} {file[5]}"));
        Assert.All(files, file => Assert.Equal("root/root", file[1]));
        foreach (var (
            field, value) in new[] { ("Package", "daemonproxy"), ("Version", "1.2.3-1"), ("Architecture", "amd64"), ("Section", "httpd") })
            Assert.Equal(value, (await Programs.RunAsync("dpkg-deb", "-f", package, field)).Output.Trim());
        Assert.Matches(@"^libc6 \(>= 2\.\d+\), passwd$", (await Programs.RunAsync("dpkg-deb", "-f", package, "Depends")).Output.Trim());
        Assert.Equal("/etc/daemonproxy/sample.yaml", (await Programs.RunAsync("dpkg-deb", "-I", package, "conffiles")).Output.Trim());
    }

    [Fact]
    public async Task Of_the_same_files_come_the_same_bytes()
    {
        await MakeAsync("linux-x64", Path.Combine(_folder, "a"));
        await MakeAsync("linux-x64", Path.Combine(_folder, "b"));

        Assert.Equal(["daemonproxy-1.2.3-linux-x64.tar.gz", "daemonproxy_1.2.3-1_amd64.deb"],
            Directory.GetFiles(Path.Combine(_folder, "a")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(Directory.GetFiles(Path.Combine(_folder, "a")),
            file => Assert.Equal(Hash(file), Hash(Path.Combine(_folder, "b", Path.GetFileName(file)))));

        // Both may have been made within a second, so that their own times would be equal too.
        foreach (var (
            program, listing, file) in new[] { ("tar", "-tvzf", "daemonproxy-1.2.3-linux-x64.tar.gz"),
            ("dpkg-deb", "-c", "daemonproxy_1.2.3-1_amd64.deb") })
        {
            var (_, list) = await Programs.RunAsync("env", "TZ=UTC", program, listing, Path.Combine(_folder, "a", file));
            Assert.All(list.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Contains(" 2027-01-15 08:00 ", line));
        }

        static string Hash(string file) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)));
    }

    [Fact]
    public async Task Lintian_finds_no_fault()
    {
        Programs.Need("lintian");
        var package = await MakeAsync("linux-x64", _folder);

        var (_, faults) = await Programs.RunAsync("lintian", "--show-overrides", package);

        Assert.Equal(
            ["O: daemonproxy: initial-upload-closes-no-bugs", "O: daemonproxy: maintainer-script-calls-systemctl"],
            faults.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith("N:", StringComparison.Ordinal))
                .Select(line => line.Split(" [")[0]).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Without_dpkg_there_is_an_archive_and_a_sentence()
    {
        var programs = Directory.CreateDirectory(Path.Combine(_folder, "bin")).FullName;
        foreach (var program in new[] { "sh", "dirname", "date", "git", "mktemp", "cat", "tr", "rm", "install", "mkdir", "gzip", "sed",
            "find", "touch", "tar" })
            if (File.Exists($"/usr/bin/{program}")) File.CreateSymbolicLink(Path.Combine(programs, program), $"/usr/bin/{program}");

        var (code, said) = await Programs.RunAsync("env", [$"PATH={programs}", .. Arguments("linux-x64", _folder)]);

        Assert.Equal((0, "no .deb for linux-x64: there is no dpkg-deb on the PATH (Debian package dpkg)\n"), (code, said));
        Assert.True(File.Exists(Path.Combine(_folder, "daemonproxy-1.2.3-linux-x64.tar.gz")));
    }

    /// <summary>
    /// How a front end runs below systemd is said once: the template differs from what Register-DaemonProxyService writes only in what is
    /// named here.
    /// </summary>
    [Fact]
    public void Unit_template_is_what_would_be_registered_for_any_name()
    {
        var registered = SystemdUnit.Text(new ServiceDefinition
        {
            Name = "INSTANCE",
            ConfigurationFile = "/etc/daemonproxy/INSTANCE.yaml",
            Host = ["/usr/bin/daemonproxy"],
            Scope = ServiceScope.System,
            Account = "daemonproxy",
            PrivilegedPort = true,
        });
        var template = File.ReadAllLines(Path.Combine(Tools, "linux", "daemonproxy@.service"));

        Assert.Equal(Lines(registered.Split('\n')).Select(line => line.Replace("INSTANCE", "%i").Replace("\"", "").Replace("=:", "=")),
            Lines(template).Except(["Documentation=man:daemonproxy(1)", "LogsDirectory=daemonproxy"]));

        static IEnumerable<string> Lines(IEnumerable<string> text) => text.Where(line => line.Length > 0 && line[0] != '#');
    }

    private async Task<string> MakeAsync(string platform, string folder)
    {
        Programs.Need("dpkg-deb");
        Programs.Need("readelf");
        var (code, said) = await Programs.RunAsync("env", ["SOURCE_DATE_EPOCH=1800000000", .. Arguments(platform, folder)]);
        Assert.Equal((0, ""), (code, said));
        return Path.Combine(folder, $"daemonproxy_1.2.3-1_{(platform == "linux-x64" ? "amd64" : "arm64")}.deb");
    }

    private static string[] Arguments(string platform, string folder) =>
        [Path.Combine(Tools, "linux-packages"), platform, "1.2.3", RepositoryRoot.Host,
            Path.Combine(RepositoryRoot.Path, "module", "ThirdPartyNotices.txt"), folder];
}
