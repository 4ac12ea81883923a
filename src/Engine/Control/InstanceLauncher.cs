using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using DaemonProxy.Configuration;

namespace DaemonProxy.Control;

/// <summary>How to start a front end in its own process.</summary>
public sealed record LaunchOptions
{
    /// <summary>Full path of the host: <c>daemonproxy</c>, <c>daemonproxy.exe</c> or <c>daemonproxy.dll</c>.</summary>
    public required string HostPath { get; init; }

    /// <summary>Full path of the configuration file; null: the built-in sample configuration.</summary>
    public string? ConfigurationFile { get; init; }

    /// <summary>A WSGI application to serve instead of a configuration, and how to run it; null: none.</summary>
    public LaunchedApplication? Application { get; init; }

    /// <summary>The front end's working directory, which an application's modules are searched in; null: this process's.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Overrides the configuration's name; null: keeps it.</summary>
    public string? Name { get; init; }

    /// <summary>Overrides the configuration's listen addresses; empty: keeps them.</summary>
    public IReadOnlyList<string> Listen { get; init; } = [];

    /// <summary>Full path of the event log; null: <c>events.log</c> in the instance's folder.</summary>
    public string? LogFile { get; init; }

    /// <summary>
    /// Whether the start fails when any daemon group fails to start. Default: it fails only when nothing would be served.
    /// </summary>
    public bool Strict { get; init; }

    /// <summary>
    /// How long the daemons may take before they serve, so that the front end can say which of them is late; null: as long as each group's
    /// own limit.
    /// </summary>
    public TimeSpan? StartTimeout { get; init; }

    /// <summary>
    /// How long the front end may take before it serves or says why it does not; then it is ended. Default 60 s; see
    /// <see cref="InstanceLauncher.LimitOf"/>.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>A WSGI application to serve without a configuration.</summary>
/// <param name="Target">A script's full path, or module:callable.</param>
/// <param name="Processes">Number of workers; null: the default.</param>
/// <param name="Threads">Request threads of each worker; null: the default.</param>
/// <param name="PythonHome">Full path of the folder of a Python or a virtual environment; null: search for one.</param>
public sealed record LaunchedApplication(string Target, int? Processes, int? Threads, string? PythonHome)
{
    internal IEnumerable<string> Arguments()
    {
        yield return $"--application={Target}";
        if (Processes is { } processes) yield return string.Create(CultureInfo.InvariantCulture, $"--processes={processes}");
        if (Threads is { } threads) yield return string.Create(CultureInfo.InvariantCulture, $"--threads={threads}");
        if (PythonHome is { } home) yield return $"--python-home={home}";
    }
}

/// <summary>Starts a front end in its own process, which keeps running when this one ends.</summary>
public static class InstanceLauncher
{
    private const int KeptErrorLines = 20;
    private static readonly TimeSpan FailedStartEnd = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ErrorStreamLimit = TimeSpan.FromSeconds(2);

    /// <summary>Starts <c>daemonproxy serve --background</c> and waits until it serves.</summary>
    /// <returns>The front end's status.</returns>
    /// <exception cref="ControlException">It could not be started, or gave up; the message is the front end's own when it gave
    /// one.</exception>
    /// <exception cref="OperationCanceledException">The start was cancelled; the started process is gone.</exception>
    public static async Task<InstanceStatus> StartAsync(LaunchOptions options, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var process = Launch(options);
        using var output = process.StandardOutput;
        using var errorStream = process.StandardError;
        var errors = KeepTailAsync(errorStream);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.Timeout);
        try
        {
            var line = await output.ReadLineAsync(limit.Token).ConfigureAwait(false);
            var report = Parse(line);
            if (report?.Status is { } status)
                return status;
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            throw new ControlException(
                report?.Error ?? await SilentEndAsync(process.ExitCode, line, errors).ConfigureAwait(false),
                report?.Failure ?? ControlFailure.StartFailed);
        }
        catch (OperationCanceledException)
        {
            await EndAsync(process).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            throw new ControlException(
                $"the front end does not serve after {options.Timeout.TotalSeconds:0} s and was "
                    + $"ended{Said(await TailAsync(errors).ConfigureAwait(false))}",
                ControlFailure.TimedOut);
        }
    }

    /// <summary>
    /// The <see cref="LaunchOptions.Timeout"/> for a configuration: what its slowest group may take, and the time in which a front end
    /// ends the daemons of a start that failed.
    /// </summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="startTimeout">The limit for its daemons; null: their own.</param>
    public static TimeSpan LimitOf(ProxyConfiguration configuration, TimeSpan? startTimeout)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var slowest = configuration.Daemons.Select(daemon => daemon.StartLimit).Append(TimeSpan.FromSeconds(30)).Max();
        return (startTimeout < slowest ? startTimeout.Value : slowest) + FailedStartEnd;
    }

    private static Process Launch(LaunchOptions options)
    {
        var call = HostProgram.Call(options.HostPath);
        if (options.WorkingDirectory is { } folder) call.WorkingDirectory = folder;
        call.ArgumentList.Add("serve");
        if (options.ConfigurationFile is { } file)
            call.ArgumentList.Add(file);
        foreach (var argument in options.Application?.Arguments() ?? []) call.ArgumentList.Add(argument);
        if (options.Name is { } name)
        {
            call.ArgumentList.Add("--name");
            call.ArgumentList.Add(name);
        }

        foreach (var address in options.Listen)
        {
            call.ArgumentList.Add("--listen");
            call.ArgumentList.Add(address);
        }

        if (options.LogFile is { } log)
        {
            call.ArgumentList.Add("--log");
            call.ArgumentList.Add(log);
        }

        if (options.Strict) call.ArgumentList.Add("--strict");
        if (options.StartTimeout is { } within)
            call.ArgumentList.Add(string.Create(CultureInfo.InvariantCulture, $"--start-timeout={within.TotalSeconds:0.###}"));
        call.ArgumentList.Add("--background");
        try
        {
            var process = Process.Start(call)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception error)
        {
            throw new ControlException(
                $"{call.FileName} cannot be started ({error.Message.TrimEnd('.')}); the .NET 10 runtime with ASP.NET Core has to be "
                    + "installed, and dotnet on PATH",
                ControlFailure.StartFailed, error);
        }
    }

    private static StartReport? Parse(string? line)
    {
        try
        {
            return line is null ? null : JsonSerializer.Deserialize(line, ControlJson.Default.StartReport);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task EndAsync(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
            using var limit = new CancellationTokenSource(ErrorStreamLimit);
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception error)
            when (error is InvalidOperationException or Win32Exception or AggregateException or OperationCanceledException)
        {
            // It has ended by itself, or the system ends it in its own time.
        }
    }

    private static async Task<string> SilentEndAsync(int exitCode, string? line, Task<string> errors)
    {
        var tail = await TailAsync(errors).ConfigureAwait(false);
        return $"the front end ended with exit code {exitCode} before it served{Said(tail.Length > 0 ? tail : line ?? "")}";
    }

    private static string Said(string tail) => tail.Length > 0 ? $": {tail}" : "";

    // A daemon started by the front end may outlive it and hold its error stream open, so the wait for the end of the stream is short.
    private static async Task<string> TailAsync(Task<string> errors) =>
        await Task.WhenAny(errors, Task.Delay(ErrorStreamLimit, TimeProvider.System)).ConfigureAwait(false) == errors
            ? await errors.ConfigureAwait(false) : "";

    private static async Task<string> KeepTailAsync(StreamReader errors)
    {
        var tail = new Queue<string>();
        try
        {
            while (await errors.ReadLineAsync().ConfigureAwait(false) is { } line)
            {
                tail.Enqueue(line);
                if (tail.Count > KeptErrorLines)
                    tail.Dequeue();
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The stream is closed while it is being read as soon as the front end serves.
        }

        return string.Join(Environment.NewLine, tail).Trim();
    }
}
