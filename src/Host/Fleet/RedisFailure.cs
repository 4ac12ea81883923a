using System.Net.Sockets;
using DaemonProxy.Configuration;
using DaemonProxy.Fleet;
using StackExchange.Redis;

namespace DaemonProxy.Host.Fleet;

/// <summary>Says in one sentence why a fleet's Redis server cannot be used.</summary>
internal static class RedisFailure
{
    /// <summary>Describes a failure of the client; null: it is none.</summary>
    public static FleetServerException? Describe(Exception failure, FleetOptions options)
    {
        if (failure is FleetServerException described) return described;
        if (failure is not (RedisException or RedisTimeoutException or SocketException or IOException or ObjectDisposedException
            or OperationCanceledException)) return null;
        var where = options.Redis.ToString();
        var said = string.Join(" ", Chain(failure).Select(cause => cause.Message));
        bool Says(string word) => said.Contains(word, StringComparison.OrdinalIgnoreCase);
        (string Message, bool IsLasting) sentence =
            Says("WRONGPASS") || Says("invalid password") || Says("invalid username-password")
                ? (Refused(where), true)
            : Says("NOAUTH") || Says("Authentication required")
                ? (HasPassword(options) ? Refused(where)
                    : $"{where} asks for a password; give it password-file or password-env below fleet", true)
            : Says("READONLY") || Says("requires writable") || Says("replica")
                ? ($"{where} is a replica that may not be written to; name its primary below fleet", true)
            : Says("NOPERM")
                ? ($"{where} does not allow this user what it needs; see docs/rate-limits.md for the rights that it needs",
                    true)
            : Says("unknown command")
                ? ($"{where} runs no Lua scripts (EVALSHA); use a server that does, such as Redis or Valkey", true)
            : Says("OOM ")
                ? ($"{where} is full (maxmemory); give it more memory or a policy that makes room", false)
            : Says("LOADING") ? ($"{where} is still loading its data", false)
            : failure is RedisTimeoutException or OperationCanceledException ? ($"{where} does not answer", false)
            : failure is RedisConnectionException { FailureType: ConnectionFailureType.AuthenticationFailure } ? (Refused(where), true)
            : failure is RedisConnectionException
                ? ($"{where} cannot be reached or does not answer; see that the server listens there{(options.Redis.IsTls
                    ? ", with TLS and a certificate that tls-ca or the system trusts" : "")}", false)
            : ($"{where}: {failure.Message.ReplaceLineEndings(" ").TrimEnd('.')}", false);
        return new(sentence.Message, sentence.IsLasting, failure);
    }

    private static bool HasPassword(FleetOptions options) =>
        options.PasswordFile is not null || options.PasswordVariable is not null || options.Redis.Password is not null;

    private static string Refused(string where) =>
        $"{where} refuses the password or the user; correct password-file, password-env or username below fleet";

    private static IEnumerable<Exception> Chain(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException) yield return failure;
    }
}
