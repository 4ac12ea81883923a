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
    private const uint WantOwner = 0x8;
    private const int StatxOwnerOffset = 20;
    private const int DarwinOwnerOffset = 16;
    private const int LargerThanAnyStat = 512;

    /// <summary>The effective user of this process.</summary>
    public static uint CurrentUser => SystemCalls.EffectiveUser();

    /// <summary>
    /// The user id that owns a file, folder or link itself; null when the system does not tell, or the file does not exist.
    /// </summary>
    public static unsafe uint? Find(string path)
    {
        Span<byte> status = stackalloc byte[LargerThanAnyStat];
        int result;
        int offset;
        fixed (byte* buffer = status)
        {
            if (OperatingSystem.IsLinux())
            {
                offset = StatxOwnerOffset;
                result = SystemCalls.ExtendedStatus(AtCurrentDirectory, path, NoFollow, WantOwner, buffer);
            }
            else if (OperatingSystem.IsMacOS())
            {
                offset = DarwinOwnerOffset;
                result = RuntimeInformation.ProcessArchitecture == Architecture.X64
                    ? SystemCalls.LinkStatus64(path, buffer) : SystemCalls.LinkStatus(path, buffer);
            }
            else
                return null;
        }

        return result == 0 ? BinaryPrimitives.ReadUInt32LittleEndian(status[offset..]) : null;
    }
}
