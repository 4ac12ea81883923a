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
        var said = string.Join(" ", Chain(failure).Select(cause => cause.Message));
        var (what, isLasting) = OfServer(said, options) ?? OfConnection(failure);
        return new($"{options.Redis} {what}", isLasting, failure);
    }

    /// <summary>The sentence for a server that stays silent.</summary>
    public static string NoAnswer(FleetOptions options) => $"{options.Redis} does not answer" + (options.Redis.IsTls
        ? " with TLS; see that it listens there with TLS, or write redis:// in place of rediss://" : "");

    /// <summary>What the server itself answered.</summary>
    private static (string What, bool IsLasting)? OfServer(string said, FleetOptions options)
    {
        bool Says(params ReadOnlySpan<string> words) => Contains(said, words);
        return
            Says("WRONGPASS", "invalid password", "invalid username-password") ? (Refused, true)
            : Says("NOAUTH", "Authentication required")
                ? (HasPassword(options) ? Refused : "asks for a password; give it password-file or password-env below fleet", true)
            : Says("READONLY", "requires writable", "replica")
                ? ("is a replica that may not be written to; name its primary below fleet", true)
            : Says("NOPERM", "ACL failure", "can't run this command")
                ? ($"does not allow this user what it needs ({Missing(said)}); docs/rate-limits.md has the rights", true)
            : Says("unknown command") ? ("runs no Lua scripts (EVALSHA); use a server that does, such as Redis or Valkey", true)
            : Says("OOM ") ? ("is full (maxmemory); give it more memory or a policy that makes room", false)
            : Says("LOADING") ? ("is still loading its data", false)
            : null;
    }

    private static (string What, bool IsLasting) OfConnection(Exception failure) =>
        failure is RedisTimeoutException or OperationCanceledException ? ("does not answer", false)
        : failure is RedisConnectionException { FailureType: ConnectionFailureType.AuthenticationFailure } ? (Refused, true)
        : failure is RedisConnectionException ? ("cannot be reached or does not answer; see that the server listens there", false)
        : ($"cannot be used: {failure.Message.ReplaceLineEndings(" ").TrimEnd('.')}", false);

    private const string Refused = "refuses the password or the user; correct password-file, password-env or username below fleet";

    private static bool HasPassword(FleetOptions options) =>
        options.PasswordFile is not null || options.PasswordVariable is not null || options.Redis.Password is not null;

    /// <summary>What a user may not do: "this user has no permissions to run the 'evalsha' command".</summary>
    private static string Missing(string said)
    {
        const string before = "run the '";
        if (said.IndexOf(before, StringComparison.Ordinal) is >= 0 and var at && said.IndexOf('\'', at + before.Length) is > 0 and var end)
            return said[(at + before.Length)..end].ToUpperInvariant();
        return Contains(said, "keys") ? "its keys" : Contains(said, "channel") ? "its channel" : "its commands";
    }

    private static bool Contains(string said, params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
        {
            if (said.Contains(word, StringComparison.OrdinalIgnoreCase)) return true;
        }
        return false;
    }

    private static IEnumerable<Exception> Chain(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException) yield return failure;
    }
}
