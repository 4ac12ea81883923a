using System.Runtime.InteropServices;
using DaemonProxy.Platform;
using Microsoft.Win32.SafeHandles;

namespace DaemonProxy.Control;

/// <summary>What a process that takes the place of a front end is told of its folder.</summary>
/// <param name="Runtime">Full path of the runtime directory.</param>
/// <param name="Sockets">Full path of the folder with the daemons' sockets and the event log.</param>
/// <param name="Record">Full path of its record in the registry; null: there is none.</param>
/// <param name="IsRoots">Whether the folder is root's and this front end is not: it can be used and not be changed.</param>
internal sealed record InstancePlace(string Runtime, string Sockets, string? Record, bool IsRoots);

/// <summary>How one process hands the folder to the next while the name is taken all the time.</summary>
public sealed partial class InstanceDirectory
{
    // Until this process has taken over, everything in the folder is the other one's.
    private bool _isBorrowed;

    /// <summary>Whether the folder is root's and this front end is not: it cannot be made again.</summary>
    internal bool IsRoots { get; private set; }

    /// <summary>What the next process is told.</summary>
    internal InstancePlace Place => new(_runtime.Path, _sockets, _record, IsRoots || _sockets != Path);

    /// <summary>The lock, which the next process is to hold as well.</summary>
    internal SafeHandle Lock => _lock!.Handle;

    /// <summary>Continues in the folder of a front end that still holds it.</summary>
    /// <param name="name">The front end's name.</param>
    /// <param name="place">What it tells of its folder.</param>
    /// <param name="held">Its lock, passed by it.</param>
    internal static InstanceDirectory Inherit(string name, InstancePlace place, SafeFileHandle held) =>
        new(RuntimeDirectory.Inherit(place.Runtime), CheckedName(name), FileLock.From(held), place.Record)
        {
            // Root can change the folder of a front end that has become another user, and opens one for it again.
            IsRoots = place.IsRoots && FileOwner.CurrentUser != 0,
            _sockets = place.Sockets,
            _isBorrowed = true,
        };

    /// <summary>Records this process as the one that consoles find.</summary>
    internal void TakeOver()
    {
        _isBorrowed = false;
        if (IsRoots) return;
        // The control socket is where it was; without this, only a message about a name that is taken names the wrong process.
        Quietly(() => WriteIdentity(Path, new InstanceIdentity(Environment.ProcessId, Name)));
        if (_record is not null) _record = InstanceRegistry.Add(Name, _runtime) ?? _record;
    }

    /// <summary>Leaves the folder, its lock and the name to the process that has taken over.</summary>
    internal void Leave() => Interlocked.Exchange(ref _lock, null)?.Leave();
}
