using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace DaemonProxy.Platform;

/// <summary>
/// Finds the owner of a file. .NET reads a file's mode but not its owner, and a runtime directory that somebody else created beforehand in
/// a shared temporary folder looks like our own in every other respect.
/// </summary>
public static class FileOwner
{
    // SystemCalls.ExtendedStatus(2) and Darwin's 64-bit-inode stat(2) have the same layout on every processor; Linux's stat(2) does not.
    private const int AtCurrentDirectory = -100;
    private const int NoFollow = 0x100;
    private const uint WantKindModeAndOwner = 0xb;
    private const int StatxOwnerOffset = 20;
    private const int StatxModeOffset = 28;
    private const int DarwinOwnerOffset = 16;
    private const int DarwinModeOffset = 4;
    private const int KindBits = 0xf000;
    private const int LargerThanAnyStat = 512;

    /// <summary>The effective user of this process.</summary>
    public static uint CurrentUser => SystemCalls.EffectiveUser();

    /// <summary>The <see cref="FileStatus.Kind"/> of a folder.</summary>
    internal const int FolderKind = 0x4000;

    /// <summary>The <see cref="FileStatus.Kind"/> of a socket.</summary>
    internal const int SocketKind = 0xc000;

    /// <summary>
    /// The user id that owns a file, folder or link itself; null when the system does not tell, or the file does not exist.
    /// </summary>
    public static uint? Find(string path) => Status(path)?.Owner;

    /// <summary>Whether a file's permissions let others read it; false when the system does not tell.</summary>
    /// <param name="path">The file.</param>
    /// <param name="others">The permissions of those who count.</param>
    public static bool LetsRead(string path, UnixFileMode others)
    {
        try { return !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & others) != 0; }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException) { return false; }
    }

    /// <summary>
    /// The status of a file, folder or link itself; null when the system does not tell, or the file does not exist.
    /// </summary>
    internal static unsafe FileStatus? Status(string path)
    {
        Span<byte> status = stackalloc byte[LargerThanAnyStat];
        int result;
        int owner, mode;
        fixed (byte* buffer = status)
        {
            if (OperatingSystem.IsLinux())
            {
                (owner, mode) = (StatxOwnerOffset, StatxModeOffset);
                result = SystemCalls.ExtendedStatus(AtCurrentDirectory, path, NoFollow, WantKindModeAndOwner, buffer);
            }
            else if (OperatingSystem.IsMacOS())
            {
                (owner, mode) = (DarwinOwnerOffset, DarwinModeOffset);
                result = RuntimeInformation.ProcessArchitecture == Architecture.X64
                    ? SystemCalls.LinkStatus64(path, buffer) : SystemCalls.LinkStatus(path, buffer);
            }
            else
                return null;
        }

        if (result != 0) return null;
        var bits = BinaryPrimitives.ReadUInt16LittleEndian(status[mode..]);
        return new(BinaryPrimitives.ReadUInt32LittleEndian(status[owner..]), bits & KindBits, bits & ~KindBits);
    }
}

/// <summary>What the system says of a file.</summary>
/// <param name="Owner">The number of the user that owns it.</param>
/// <param name="Kind">What it is: <see cref="FileOwner.FolderKind"/>, <see cref="FileOwner.SocketKind"/> or something else.</param>
/// <param name="Mode">The permission bits.</param>
internal readonly record struct FileStatus(uint Owner, int Kind, int Mode);
