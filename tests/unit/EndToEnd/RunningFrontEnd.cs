using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using DaemonProxy.Control;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>A real front end in a process of its own, with a runtime directory of its own. At its end nothing of it may be left.</summary>
internal sealed class RunningFrontEnd : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string _folder;
    private readonly Process _process;

    private RunningFrontEnd(string folder, Process process, InstanceStatus status)
    {
        _folder = folder;
        _process = process;
        Status = status;
        Control = new ControlClient(status.Name, RuntimeDirectory.Open(Path.Combine(folder, "run"))) { Timeout = Limit };
        Client = new HttpClient { BaseAddress = status.Uri, Timeout = Limit };
    }

    public InstanceStatus Status { get; }

    public ControlClient Control { get; }

    public HttpClient Client { get; }

    public Uri Uri => Status.Uri;

    public int ProcessId => _process.Id;

    /// <summary>The folder of its configuration.</summary>
    public string Folder => _folder;

    /// <summary>Starts a front end with this configuration; other files of the test may be there already.</summary>
    public static async Task<RunningFrontEnd> StartAsync(
        string yaml, string? folder = null, TimeSpan? within = null, IReadOnlyDictionary<string, string?>? environment = null)
    {
        folder ??= NewFolder();
        var (process, report) = await LaunchAsync(yaml, folder, within ?? Limit, environment);
        Assert.True(report.Status is not null, report.Error);
        return new(folder, process, report.Status);
    }

    /// <summary>Starts a front end that is expected not to come up; gives its one sentence.</summary>
    public static async Task<string> FailAsync(string yaml, string? folder = null, params string[] arguments)
    {
        var own = folder ?? NewFolder();
        var (process, report) = await LaunchAsync(yaml, own, Limit, null, arguments);
        using (process)
        {
            Assert.Null(report.Status);
            using var limit = new CancellationTokenSource(Limit);
            await process.WaitForExitAsync(limit.Token);
            Assert.Equal(1, process.ExitCode);
        }
        if (folder is null) Directory.Delete(own, recursive: true);
        return report.Error!;
    }

    /// <summary>The host that a front end in a folder runs: a copy there, or the one that the build left.</summary>
    public static string HostIn(string folder) =>
        Path.Combine(folder, "host", Path.GetFileName(RepositoryRoot.Host)) is var own && File.Exists(own) ? own : RepositoryRoot.Host;

    /// <summary>A short folder under the temporary one: a Unix socket's path has room for 107 characters.</summary>
    public static string NewFolder() => Directory.CreateTempSubdirectory("dpe-").FullName;

    private static async Task<(Process Process, StartReport Report)> LaunchAsync(
        string yaml, string folder, TimeSpan within, IReadOnlyDictionary<string, string?>? environment = null, params string[] arguments)
    {
        var file = Path.Combine(folder, "site.yaml");
        await File.WriteAllTextAsync(file, yaml);
        var start = new ProcessStartInfo(HostIn(folder), ["serve", file, "--background", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = folder,
        };
        start.Environment["DAEMONPROXY_RUNTIME_DIR"] = Path.Combine(folder, "run");
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>()) start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(within);
        try
        {
            var line = await process.StandardOutput.ReadLineAsync(limit.Token);
            return (process, JsonSerializer.Deserialize(line!, ControlJson.Default.StartReport)!);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"the front end had not started after {within.TotalSeconds:0} s");
        }
    }

    /// <summary>Sends a request as it stands and reads until the front end closes the connection.</summary>
    public async Task<string> RawAsync(string request)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(Uri.Host, Uri.Port).WaitAsync(Limit);
        await socket.SendAsync(Encoding.Latin1.GetBytes(request));
        return await ReadToEndAsync(socket);
    }

    /// <summary>Reads until the peer closes or breaks off.</summary>
    public static async Task<string> ReadToEndAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[65_536];
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            while (await socket.ReceiveAsync(buffer, limit.Token) is > 0 and var count)
                text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }
        catch (SocketException)
        {
            // A reset is an end too.
        }
        return text.ToString();
    }

    /// <summary>The codes of the events logged so far.</summary>
    public IReadOnlyList<string> Events() =>
        [.. LogLines().Select(line => JsonDocument.Parse(line).RootElement.GetProperty("code").GetString()!)];

    /// <summary>The lines of the event log so far.</summary>
    public IReadOnlyList<string> LogLines()
    {
        using var log = new StreamReader(new FileStream(Status.LogFile!, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return log.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Waits until an event is in the log: it is written a moment after the client has its answer.</summary>
    public Task EventAsync(string code) =>
        UntilAsync(() => Events().Contains(code), $"event {code}; there are {string.Join(", ", Events())}");

    /// <summary>Waits until something holds.</summary>
    public static async Task UntilAsync(Func<bool> holds, string what)
    {
        for (var start = Stopwatch.StartNew(); !holds(); await Task.Delay(20)) Assert.True(
            start.Elapsed < Limit, "waited in vain for " + what);
    }

    /// <summary>The resident memory of the front end, bytes.</summary>
    public long Memory()
    {
        _process.Refresh();
        return _process.WorkingSet64;
    }

    /// <summary>Waits for the process to end and gives its exit code.</summary>
    public async Task<int> EndedAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    /// <summary>Kills the front end, as nothing may: no clean-up runs.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: false);
        await EndedAsync();
    }

    public async ValueTask DisposeAsync()
    {
        var workers = new List<int>();
        // Another process may have taken its place.
        if (InstanceDirectory.IsRunning(Status.Name, RuntimeDirectory.Open(Path.Combine(_folder, "run"))))
        {
            workers.AddRange(
                (await Control.GetStatusAsync()).Daemons.SelectMany(daemon => daemon.Workers).Select(worker => worker.ProcessId)
                .OfType<int>());
            await Control.StopAsync(TimeSpan.FromSeconds(2));
            await EndedAsync();
        }
        Client.Dispose();
        Control.Dispose();
        _process.Dispose();
        Assert.All(workers, worker => Assert.False(IsAlive(worker), $"daemon process {worker} was left behind"));
        Assert.DoesNotContain(Directory.EnumerateFiles(_folder, "*.sock", SearchOption.AllDirectories), _ => true);
        // One with a user of its own has its log elsewhere.
        InstanceDirectory.Forget(Status.Name, RuntimeDirectory.Open(Path.Combine(_folder, "run")));
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Whether a process is there and has not just ended.</summary>
    public static bool IsAlive(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return !process.HasExited && !(OperatingSystem.IsLinux() && File.ReadAllText($"/proc/{processId}/stat").Contains(") Z "));
        }
        catch (Exception gone) when (gone is ArgumentException or IOException or InvalidOperationException)
        {
            return false;
        }
    }
}
