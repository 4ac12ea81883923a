using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Events;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Update;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// How a front end's process is replaced by a new one while it serves.
/// <code>
///   old: starts the new one -> passes listening sockets, control socket, lock -> waits, and serves as before
///   new: opens what it was not passed -> starts its daemons -> they are ready -> accepts, takes the name, says so
///   old: accepts no more, answers what it has, and ends
/// </code>
/// The sockets and the lock are the same in both processes, so that there is no moment at which a connection is refused or the name is
/// free. Until the new one has said that it serves, the old one owns everything, and a new one that ends changes nothing.
/// </summary>
internal sealed partial class FrontEndServer
{
    private const string UpdateSocketName = "update.sock";

    // For a client that has been accepted and whose request is on its way, and for one that is about to use its connection again: its
    // answer closes the connection in an orderly way.
    private static readonly TimeSpan LongestIdle = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan IdlePoll = TimeSpan.FromMilliseconds(20);

    // In addition to the drain: the daemons' shutdown-timeout (5 s), and the end of the process itself.
    private static readonly TimeSpan ReplacedEnd = TimeSpan.FromSeconds(7);

    private readonly UpdateTerms _terms;
    private readonly Predecessor? _predecessor;
    private readonly HandedSockets? _activated;
    private readonly SemaphoreSlim _updating = new(1);
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _opening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<InstanceStatus> _replaced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _watching = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile IReadOnlyList<ReplacedProcess>? _stillDraining;
    private Successor? _successor;

    /// <summary>Completes when another process serves in this one's place.</summary>
    public Task Replaced => _replaced.Task;

    private bool IsReplaced => _replaced.Task.IsCompleted;

    /// <summary>The processes that this one has replaced and that still have requests in flight.</summary>
    public IReadOnlyList<int> StillDraining => _stillDraining is not { } known ? _predecessor?.Processes ?? []
        : [.. known.Where(process => !process.Ended.IsCompleted).Select(process => process.Id)];

    /// <summary>Starts the program again and has the new process serve in this one's place.</summary>
    /// <param name="program">Full path of the host to start; null: the one that this process was started with.</param>
    /// <param name="within">How long the new daemons may take; null: as long as each group's own limit.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <returns>The status of the new process, which serves.</returns>
    /// <exception cref="ServerStartException">The new process does not serve, or there cannot be one; this one goes on.</exception>
    public async Task<InstanceStatus> UpdateAsync(string? program, TimeSpan? within, CancellationToken cancellationToken)
    {
        if (_terms.Obstacle is { } obstacle) throw new ServerStartException(obstacle);
        if (!await _updating.WaitAsync(TimeSpan.Zero, cancellationToken))
            throw new ServerStartException($"'{Name}' is being updated already; wait until that is done");
        try
        {
            if (IsReplaced) throw new ServerStartException($"this process of '{Name}' has been replaced; ask again");
            if (_ending.IsCancellationRequested) throw new ServerStartException($"'{Name}' is being stopped");
            using var withdrawn = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ending.Token);
            // The next process has to know of those that this one has replaced.
            if (_predecessor is not null) await _watching.Task.WaitAsync(withdrawn.Token);
            // A reload that is under way is finished first.
            await _restarting.WaitAsync(withdrawn.Token);
            try { return await ReplaceAsync(program, within, withdrawn.Token); }
            finally { _restarting.Release(); }
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            throw new ServerStartException($"'{Name}' is being stopped");
        }
        finally
        {
            _updating.Release();
        }
    }

    private async Task<InstanceStatus> ReplaceAsync(string? program, TimeSpan? within, CancellationToken cancellationToken)
    {
        List<(HandedDescriptor What, SafeHandle Handle)> open =
        [
            .. _server!.Sockets.Select(socket => (new HandedDescriptor(HandedKind.Listen, $"{socket.Address}"),
                (SafeHandle)socket.Socket.SafeHandle)),
            .. (_metrics?.Sockets ?? []).Select(socket => (new HandedDescriptor(HandedKind.Metrics, $"{socket.Address}"),
                (SafeHandle)socket.Socket.SafeHandle)),
            .. _control.Sockets.Select(socket => (new HandedDescriptor(HandedKind.Control, _instance.ControlSocket),
                (SafeHandle)socket.Socket.SafeHandle)),
            (new(HandedKind.Lock, ""), _instance.Lock),
            .. (_stillDraining ?? []).Where(process => !process.Ended.IsCompleted).Select(process => (
                new HandedDescriptor(HandedKind.Replaced, process.Id.ToString(CultureInfo.InvariantCulture)), process.Handle)),
        ];
        var handover = new Handover(
            Name, Environment.ProcessId, _instance.Place, within, UnreadableCertificate(), Served.Failed,
            [.. open.Select(one => one.What)]);
        var socket = Path.Combine(Path.GetDirectoryName(_instance.DaemonSocket("", 0))!, UpdateSocketName);
        var successor = await Successor.StartAsync(
            program, _terms, socket, handover, [.. open.Select(one => one.Handle)], cancellationToken);
        InstanceStatus status;
        try { status = await successor.ServesAsync(StartPatience.ForNewProcess(within), _time, cancellationToken); }
        catch
        {
            successor.Dispose();
            // It may have ended in the middle of taking over.
            _instance.TakeOver();
            throw;
        }
        await GiveWayAsync(successor, status);
        return status;
    }

    // Root read it, and the user that this process has become may not.
    private HandedCertificate? UnreadableCertificate() =>
        _certificate?.Loaded is not { } loaded || LiveCertificate.CanRead(loaded.Files) ? null
        : new(loaded.Files, loaded.Certificate.Leaf.Export(X509ContentType.Pkcs12),
            [.. loaded.Certificate.Chain.Select(certificate => certificate.RawData)]);

    /// <summary>Leaves everything to the process that serves now, except for what is in flight here.</summary>
    private async Task GiveWayAsync(Successor successor, InstanceStatus status)
    {
        _successor = successor;
        _draining = true;
        _application.IsReplaced = true;
        if (_presence is not null) await _presence.DisposeAsync();
        _presence = null;
        _instance.Leave();
        // What is asked for on the control socket from here on is for the other one to do.
        await Task.WhenAll(_server!.StopAcceptingAsync(), _metrics?.StopAcceptingAsync() ?? Task.CompletedTask,
            _control.StopAcceptingAsync());
        // A stop that comes meanwhile is the front end's, and is passed on; after that, a signal to this process means this process alone.
        await _terms.Announce(status.ProcessId);
        _log.Write(EventCatalogue.FrontEndReplaced,
            $"process {status.ProcessId} serves now; process {Environment.ProcessId} finishes what it has in flight, for "
            + $"{Units.FormatDuration(Served.Configuration.UpdateDrainTimeout)} at most", ("pid", Environment.ProcessId));
        _ = successor.FollowAsync(drainTimeout => _stopRequested.TrySetResult(drainTimeout));
        foreach (var process in _stillDraining ?? []) process.Dispose();
        _stillDraining = [];
        // The request that asked for this may be one of those on the control socket.
        _ = _control.EndAsync();
        _replaced.TrySetResult(status);
    }

    /// <summary>Begins to accept, and takes the name: everything is ready.</summary>
    private void TakeOver()
    {
        if (_predecessor is null) return;
        _instance.TakeOver();
        _opening.SetResult();
    }

    /// <summary>Watches the processes that this one has replaced, now that they know.</summary>
    public void WatchReplaced()
    {
        var known = _predecessor!.TakeReplaced();
        foreach (var process in known) _ = process.WatchAsync(RequestStop);
        _stillDraining = known;
        _watching.SetResult();
    }

    /// <summary>Has the processes that this one has replaced end as well, unless another one has replaced this one.</summary>
    private async Task StopReplacedAsync(TimeSpan drainTimeout)
    {
        if (IsReplaced || _stillDraining is not { } known) return;
        await Task.WhenAll(known.Select(process => process.StopAsync(drainTimeout)));
        await Task.WhenAny(Task.WhenAll(known.Select(process => process.Ended)), Task.Delay(drainTimeout + ReplacedEnd, _time));
    }

    /// <summary>Breaks off an update that is under way, because this front end is being stopped.</summary>
    private async Task EndUpdateAsync()
    {
        if (IsReplaced) return;
        await _ending.CancelAsync();
        await _updating.WaitAsync();
        _updating.Release();
    }

    /// <summary>
    /// Waits until no client has a connection, or for as long as one without a request may stay. Each further answer asks its client to
    /// close the connection.
    /// </summary>
    private async Task EndIdleConnectionsAsync(CancellationToken limit)
    {
        var keepalive = Served.Configuration.ClientLimits.KeepaliveTimeout;
        var longest = keepalive < LongestIdle ? keepalive : LongestIdle;
        var start = _time.GetTimestamp();
        try
        {
            while ((_gate is null || _gate.Open > 0) && _time.GetElapsedTime(start) < longest) await Task.Delay(IdlePoll, _time, limit);
        }
        catch (OperationCanceledException)
        {
            // The time is up altogether.
        }
    }

    private static async Task ShortenAsync(CancellationTokenSource limit, Task<TimeSpan> sooner)
    {
        var left = await sooner;
        try { limit.CancelAfter(left); }
        catch (ObjectDisposedException)
        {
            // Nothing was in flight any more.
        }
    }

    private void DisposeSuccession()
    {
        foreach (var process in _stillDraining ?? []) process.Dispose();
        _successor?.Dispose();
        _updating.Dispose();
        _ending.Dispose();
    }
}
