using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace DaemonProxy.Platform;

/// <summary>
/// The system's random bytes, good enough for secrets; on Linux without <see cref="OpenSsl"/>, which .NET's own would load.
/// </summary>
internal static unsafe class RandomBytes
{
    /// <summary>Random bytes in hexadecimal.</summary>
    /// <param name="count">How many, at most 256.</param>
    public static string Hexadecimal(int count)
    {
        var bytes = new byte[count];
        if (!OperatingSystem.IsLinux())
            RandomNumberGenerator.Fill(bytes);
        else
        {
            fixed (byte* first = bytes)
            {
                if (SystemCalls.FillWithRandom(first, (nuint)count) != 0)
                    throw new Win32Exception(Marshal.GetLastPInvokeError());
            }
        }

        return Convert.ToHexStringLower(bytes);
    }
}
