using System.Runtime.InteropServices;

namespace DaemonProxy.Platform;

/// <summary>
/// OpenSSL, by which .NET on Linux does TLS and everything of System.Security.Cryptography, hashes and random bytes included. Where it is
/// not installed, the first of those ends the process; so only what needs TLS may use them, and asks here before it does.
/// </summary>
public static class OpenSsl
{
    // Those that .NET looks for, and that are still around.
    private static readonly string[] Libraries = ["libssl.so.3", "libssl.so.1.1"];

    /// <summary>One sentence that says what is missing and how to install it; null where TLS can be used.</summary>
    public static string? Missing { get; } = Look();

    private static string? Look()
    {
        if (!OperatingSystem.IsLinux() || Libraries.Any(library => NativeLibrary.TryLoad(library, out _)))
            return null;
        return $"TLS needs OpenSSL, and there is no {string.Join(" and no ", Libraries)} here; install it (Debian and Ubuntu: libssl3, "
            + "Fedora: openssl-libs)";
    }
}
