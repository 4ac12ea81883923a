using System.ComponentModel;
using System.Diagnostics;
using DaemonProxy.Control;

namespace DaemonProxy.Verification.Verifying;

/// <summary>
/// A front end that a verification starts for itself, under a name of its own, and that is gone without a trace when disposed of.
/// </summary>
internal sealed class OwnInstance : IAsyncDisposable
{
    /// <summary>For a front end that has only our own probes to drop. When it has not gone by then, its process is ended.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(15);

    private readonly string _folder;

    private OwnInstance(string folder, InstanceStatus status)
    {
        _folder = folder;
        Status = status;
        Client = new ControlClient(status.Name);
    }

    /// <summary>What the front end said when it began to serve.</summary>
    public InstanceStatus Status { get; }

    public ControlClient Client { get; }

    /// <summary>Starts a front end.</summary>
    /// <param name="hostPath">Full path of <c>daemonproxy</c>.</param>
    /// <param name="yaml">Its configuration, without name and listen address.</param>
    /// <param name="cancellationToken">Gives the start up.</param>
    /// <exception cref="ControlException">It could not be started.</exception>
    public static Task<OwnInstance> StartAsync(string hostPath, string yaml, CancellationToken cancellationToken) =>
        StartAsync(hostPath, yaml, new Dictionary<string, string>(), cancellationToken);

    /// <summary>Starts a front end.</summary>
    /// <param name="hostPath">Full path of <c>daemonproxy</c>.</param>
    /// <param name="yaml">Its configuration, without name and listen address.</param>
    /// <param name="files">Names and texts of files beside the configuration.</param>
    /// <param name="cancellationToken">Gives the start up.</param>
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

    /// <summary>Stops the front end and removes its files. Takes no cancellation: a cancelled verification cleans up as well.</summary>
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
            // The id may be another's by now; that one began later.
            if (process.StartTime <= Status.StartTime)
                process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            // It has gone by itself.
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
            // There is no usable runtime directory, and so nothing in it. Why the start failed is what matters.
        }
    }

    /// <summary>What cannot be removed lies in a temporary folder, and is no reason to lose the results.</summary>
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
