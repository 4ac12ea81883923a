using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace DaemonProxy.Host.Fleet;

/// <summary>The name by which a Redis server knows a script that it has seen.</summary>
internal static class ScriptHash
{
    [SuppressMessage("Security", "CA5350", Justification = "What Redis names its scripts by; nothing is protected by it.")]
    public static string Of(string source) => Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(source)));
}
