using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace DaemonProxy.Platform;

/// <summary>
/// Whose a file is. .NET reads a file's mode and not its owner, and a runtime directory that somebody else made beforehand in a
/// shared temporary folder looks like our own in all but that.
/// </summary>
public static partial class FileOwner
{
    // SystemCalls.ExtendedStatus(2) and Darwin's 64-bit-inode stat(2) have one layout on every processor; Linux's stat(2) has not.
    private const int AtCurrentDirectory = -100;
    private const int NoFollow = 0x100;
    private const uint WantOwner = 0x8;
    private const int StatxOwnerOffset = 20;
    private const int DarwinOwnerOffset = 16;
    private const int LargerThanAnyStat = 512;

    /// <summary>The user that this process acts as.</summary>
    public static uint CurrentUser => SystemCalls.EffectiveUser();

    /// <summary>
    /// The user id that owns a file, folder or link itself; null where the system does not say (or the file is not there).
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
