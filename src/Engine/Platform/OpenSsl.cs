using System.Runtime.InteropServices;

namespace DaemonProxy.Platform;

/// <summary>
/// OpenSSL, which .NET on Linux uses for TLS and for everything in System.Security.Cryptography, including hashes and random bytes. If it
/// is not installed, the first such call ends the process; so only code that needs TLS may use them, and it asks here first.
/// </summary>
public static class OpenSsl
{
    // The versions that .NET looks for and that are still in use.
    private static readonly string[] Libraries = ["libssl.so.3", "libssl.so.1.1"];

    /// <summary>One sentence that says what is missing and how to install it; null when TLS can be used.</summary>
    public static string? Missing { get; } = Look();

    private static string? Look()
    {
        if (!OperatingSystem.IsLinux() || Libraries.Any(library => NativeLibrary.TryLoad(library, out _)))
            return null;
        return $"TLS needs OpenSSL, and there is no {string.Join(" and no ", Libraries)} here; install it (Debian and Ubuntu: libssl3, "
            + "Fedora: openssl-libs)";
    }
}
