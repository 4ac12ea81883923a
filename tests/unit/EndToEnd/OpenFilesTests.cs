using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using DaemonProxy.Control;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>
/// A front end whose limit on open files is low, and ten times as many clients: idle, slow, and at work. It never ends, never spins, its
/// control socket answers, and service is back when the clients have gone.
/// </summary>
public sealed class OpenFilesTests
{
    private static readonly TimeSpan Back = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData(220, "wait")]
    [InlineData(220, "close")]
    [InlineData(400, "wait")]
    public async Task Front_end_outlives_more_clients_than_it_may_have_files(int files, string action)
    {
        NeedLimits();
        var starting = Stopwatch.StartNew();
        using var site = await Site.StartAsync(files, $"connection-limit-action: {action}");
        // A machine that is so busy that a start alone takes a second has its own limit.
        var back = starting.Elapsed * 6 > Back ? starting.Elapsed * 6 : Back;
        var clients = new List<Socket>();
        try
        {
            foreach (var request in new[] { "", "GET / HTTP/1.1\r\nHost: x\r\nX: ", "GET /download HTTP/1.1\r\nHost: x\r\n\r\n" })
            {
                clients.AddRange(await Task.WhenAll(Enumerable.Range(0, files * 10 / 3).Select(_ => ConnectAsync(site.Uri, request))));
            }
            await RunningFrontEnd.UntilAsync(
                () => site.Events().Contains("DPXY0050"), $"event DPXY0050; there are {string.Join(", ", site.Events().Distinct())}");

            // A fifth of a core while it has nothing to do; spinning would be a whole one.
            var busy = site.ProcessorTime();
            var second = Stopwatch.StartNew();
            for (var asked = 0; second.Elapsed < TimeSpan.FromSeconds(1.5); asked++)
            {
                if (asked < 5) Assert.NotEmpty((await site.StatusAsync()).Uris);
                await Task.Delay(50);
            }
            var share = (site.ProcessorTime() - busy) / second.Elapsed;
            Assert.True(share < 0.2, $"{share:0.00} of a core with nothing to do");
            Assert.Single(site.Events(), "DPXY0050");
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
        var gone = Stopwatch.StartNew();
        Assert.StartsWith("HTTP/1.1 200", await GetAsync(site.Uri));
        Assert.True(gone.Elapsed < back, $"service was back after {gone.Elapsed.TotalSeconds:0.0} s");
        Assert.DoesNotContain(site.Events(), code => code is "DPXY0011");
    }

    [Theory]
    [InlineData(64)]
    [InlineData(100)]
    [InlineData(150)]
    public async Task Limit_that_is_too_low_to_serve_is_one_sentence(int files)
    {
        NeedLimits();
        var (exitCode, error) = await Site.FailAsync(files);
        Assert.Equal(1, exitCode);
        Assert.StartsWith($"daemonproxy: the limit on open files is {files}, and this front end needs at least ", error);
        Assert.Single(error.Trim().Split('\n'));
    }

    [Fact]
    public async Task Connections_beyond_a_limit_wait_or_are_closed()
    {
        NeedLimits();
        foreach (var (action, expected) in new[] { ("close", ""), ("wait", "HTTP/1.1 200") })
        {
            using var site = await Site.StartAsync(1024, $"connection-limit: 2\nconnection-limit-action: {action}");
            using var first = await ConnectAsync(site.Uri, "");
            var second = await ConnectAsync(site.Uri, "");
            // Both are in before the third is tried.
            await RunningFrontEnd.UntilAsync(() => site.OpenSockets() >= 2, "two connections");
            var third = GetAsync(site.Uri);
            if (action == "wait")
            {
                Assert.NotSame(third, await Task.WhenAny(third, Task.Delay(300)));
                second.Dispose();
            }
            Assert.StartsWith(expected, await third.WaitAsync(RunningFrontEnd.Limit));
            Assert.True(expected.Length > 0 || (await third).Length == 0);
            second.Dispose();
        }
    }

    private static void NeedLimits()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the limit is set by prlimit, and read from /proc");
        Programs.Need("prlimit");
    }

    private static async Task<Socket> ConnectAsync(Uri uri, string request)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        try
        {
            await socket.ConnectAsync(uri.Host, uri.Port, patience.Token);
            if (request.Length > 0) await socket.SendAsync(Encoding.ASCII.GetBytes(request), patience.Token);
        }
        catch (Exception full) when (full is OperationCanceledException or SocketException)
        {
            // The system's backlog is full as well, or the connection has been closed: as many as can be had are there.
        }
        return socket;
    }

    private static async Task<string> GetAsync(Uri uri)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(uri.Host, uri.Port).WaitAsync(RunningFrontEnd.Limit);
        try
        {
            await socket.SendAsync("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"u8.ToArray());
        }
        catch (SocketException)
        {
            return "";
        }
        return await RunningFrontEnd.ReadToEndAsync(socket);
    }

    /// <summary>A front end with a limit of its own on open files.</summary>
    private sealed class Site : IDisposable
    {
        private readonly string _folder;
        private readonly Process _process;
        private readonly InstanceStatus _status;
        private readonly ControlClient _control;

        private Site(string folder, Process process, InstanceStatus status)
        {
            (_folder, _process, _status) = (folder, process, status);
            _control = new ControlClient(status.Name, RuntimeDirectory.Open(Path.Combine(folder, "run")));
        }

        public Uri Uri => _status.Uri;

        private static ProcessStartInfo Start(int files, string folder, params string[] arguments)
        {
            var start = new ProcessStartInfo("prlimit", [$"--nofile={files}", RepositoryRoot.Host, "serve", .. arguments])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = folder,
            };
            start.Environment["DAEMONPROXY_RUNTIME_DIR"] = Path.Combine(folder, "run");
            return start;
        }

        public static async Task<Site> StartAsync(int files, string settings)
        {
            var folder = RunningFrontEnd.NewFolder();
            await File.WriteAllTextAsync(Path.Combine(folder, "site.yaml"), $$"""
                name: files
                {{settings}}
                daemons: [ { name: sample, sample: true, socket-timeout: 5s } ]
                routes: [ { path: /, daemon: sample }, { path: /download, daemon: sample, rate-limit: 1KiB/s } ]
                """);
            var process = Process.Start(Start(files, folder, "site.yaml", "--background"))!;
            process.StandardInput.Close();
            using var limit = new CancellationTokenSource(RunningFrontEnd.Limit);
            var report = JsonSerializer.Deserialize(
                (await process.StandardOutput.ReadLineAsync(limit.Token))!, ControlJson.Default.StartReport)!;
            Assert.True(report.Status is not null, report.Error);
            return new(folder, process, report.Status);
        }

        public static async Task<(int ExitCode, string Error)> FailAsync(int files)
        {
            var folder = RunningFrontEnd.NewFolder();
            using var process = Process.Start(Start(files, folder))!;
            process.StandardInput.Close();
            using var limit = new CancellationTokenSource(RunningFrontEnd.Limit);
            var error = await process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            Directory.Delete(folder, recursive: true);
            return (process.ExitCode, error);
        }

        public Task<InstanceStatus> StatusAsync() => _control.GetStatusAsync();

        public TimeSpan ProcessorTime()
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }

        public int OpenSockets()
        {
            // Address and state (01: established) of the server's ends.
            return File.ReadLines("/proc/net/tcp").Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Count(columns => columns[1].EndsWith($":{Uri.Port:X4}", StringComparison.Ordinal) && columns[3] == "01");
        }

        public IReadOnlyList<string> Events()
        {
            using var log = new StreamReader(new FileStream(_status.LogFile!, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return [.. log.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("code").GetString()!)];
        }

        public void Dispose()
        {
            Assert.False(_process.HasExited, "the front end has ended");
            _control.StopAsync(TimeSpan.FromSeconds(1)).Wait(RunningFrontEnd.Limit);
            Assert.True(_process.WaitForExit(RunningFrontEnd.Limit), "the front end did not stop");
            _control.Dispose();
            _process.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
