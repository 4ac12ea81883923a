namespace DaemonProxy.Platform;

/// <summary>
/// A second name for the socket of another user's process, in a folder which that user may not enter. A front end that runs as root and
/// connected to the first name could be led anywhere: the user may put a link to another service's socket there at any time.
/// </summary>
/// <param name="Path">Full path of the second name, on the same file system as the first.</param>
/// <param name="Owner">The number of the user that the socket must belong to.</param>
public sealed record SocketClaim(string Path, uint Owner)
{
    /// <summary>
    /// Gives the socket its second name, instead of an earlier one. False when there is no socket of that user; whatever else is there,
    /// links included, is left alone.
    /// </summary>
    /// <param name="socket">Full path of the first name.</param>
    public bool TryTake(string socket)
    {
        Release();
        if (!SystemCalls.LinkFile(socket, Path)) return false;
        // Checked by the second name, behind which nobody else can put anything.
        if (FileOwner.Status(Path) is { Kind: FileOwner.SocketKind } status && status.Owner == Owner) return true;
        Release();
        return false;
    }

    /// <summary>Removes the second name.</summary>
    public void Release() => File.Delete(Path);
}
