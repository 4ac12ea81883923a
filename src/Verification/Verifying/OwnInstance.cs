using System.ComponentModel;
using System.Diagnostics;
using DaemonProxy.Control;

namespace DaemonProxy.Verification.Verifying;

/// <summary>A front end that a verification starts for itself under a unique name. Disposing of it removes every trace.</summary>
internal sealed class OwnInstance : IAsyncDisposable
{
    /// <summary>
    /// Enough for a front end that only has our own probes to drop. If it is still running by then, its process is killed.
    /// </summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(15);

    private readonly string _folder;

    private OwnInstance(string folder, InstanceStatus status)
    {
        _folder = folder;
        Status = status;
        Client = new ControlClient(status.Name);
    }

    /// <summary>What the front end reported when it began to serve.</summary>
    public InstanceStatus Status { get; }

    public ControlClient Client { get; }

    /// <summary>Starts a front end.</summary>
    /// <param name="hostPath">Full path of <c>daemonproxy</c>.</param>
    /// <param name="yaml">Its configuration, without name and listen address.</param>
    /// <param name="cancellationToken">Abandons the start.</param>
    /// <exception cref="ControlException">It could not be started.</exception>
    public static Task<OwnInstance> StartAsync(string hostPath, string yaml, CancellationToken cancellationToken) =>
        StartAsync(hostPath, yaml, new Dictionary<string, string>(), cancellationToken);

    /// <summary>Starts a front end.</summary>
    /// <param name="hostPath">Full path of <c>daemonproxy</c>.</param>
    /// <param name="yaml">Its configuration, without name and listen address.</param>
    /// <param name="files">Names and contents of files beside the configuration.</param>
    /// <param name="cancellationToken">Abandons the start.</param>
    /// <exception cref="ControlException">It could not be started.</exception>
    public static async Task<OwnInstance> StartAsync(
        string hostPath, string yaml, IReadOnlyDictionary<string, string> files, CancellationToken cancellationToken)
    {
        var name = $"verify-{Guid.NewGuid().ToString("N")[..8]}";
        var folder = Directory.CreateTempSubdirectory($"daemonproxy-{name}-").FullName;
        try
        {
            var file = Path.Combine(folder, "verify.yaml");
            await File.WriteAllTextAsync(file, $"name: {name}\nlisten: [ http://127.0.0.1:0 ]\n{yaml}", cancellationToken)
                .ConfigureAwait(false);
            foreach (var (path, text) in files)
                await File.WriteAllTextAsync(Path.Combine(folder, path), text, cancellationToken).ConfigureAwait(false);
            var launch = new LaunchOptions { HostPath = hostPath, ConfigurationFile = file };
            return new OwnInstance(folder, await InstanceLauncher.StartAsync(launch, cancellationToken).ConfigureAwait(false));
        }
        catch
        {
            Forget(name);
            Delete(folder);
            throw;
        }
    }

    /// <summary>Stops the front end and removes its files. Cannot be cancelled: a cancelled verification must clean up as well.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            using var limit = new CancellationTokenSource(StopLimit);
            await Client.StopAsync(TimeSpan.Zero, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ControlException or OperationCanceledException)
        {
            EndProcess();
        }

        Client.Dispose();
        Forget(Status.Name);
        Delete(_folder);
    }

    private void EndProcess()
    {
        try
        {
            using var process = Process.GetProcessById(Status.ProcessId);
            // The id may belong to another process by now; such a process started later.
            if (process.StartTime <= Status.StartTime)
                process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            // The process has already ended.
        }
    }

    /// <summary>The folder under the runtime directory, which a front end leaves behind for its event log.</summary>
    private static void Forget(string name)
    {
        try
        {
            InstanceDirectory.Forget(name);
        }
        catch (ControlException)
        {
            // There is no usable runtime directory, and so nothing in it. The reason why the start failed is what matters.
        }
    }

    /// <summary>Anything that cannot be removed stays in a temporary folder; that is no reason to lose the results.</summary>
    private static void Delete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
