using System.Diagnostics;
using DaemonProxy.Tests.Fleet;
using Xunit;

namespace DaemonProxy.Tests.EndToEnd;

/// <summary>A Redis server that a fleet cannot use, for a reason, and what a configuration says of it.</summary>
internal sealed class UnusableServer : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _owned = [];

    /// <summary>The keys below <c>fleet</c>.</summary>
    public required string Fleet { get; init; }

    /// <summary>The address, as messages show it.</summary>
    public required string Address { get; init; }

    /// <summary>Starts one.</summary>
    /// <param name="what">The reason.</param>
    /// <param name="folder">A folder with <see cref="TlsTests.Files"/>.</param>
    public static async Task<UnusableServer> StartAsync(string what, string folder)
    {
        switch (what)
        {
            case "wrong password": return await UnixAsync(", password-file: wrong.password", ["--requirepass", "secret"]);
            case "no password": return await UnixAsync("", ["--requirepass", "secret"]);
            case "no variable": return await UnixAsync(", password-env: DAEMONPROXY_TEST_NO_SUCH_VARIABLE", []);
            case "unknown user":
                return await UnixAsync(
                    ", username: nobody, password-file: site.password", ["--requirepass", "secret"]);
            case "no scripting": return await UnixAsync("", [], "ACL", "SETUSER", "default", "-@scripting");
            case "no commands": return await UnixAsync("", [], "ACL", "SETUSER", "default", "-hset");
            case "no keys": return await UnixAsync("", [], "ACL", "SETUSER", "default", "resetkeys");
            case "no EVAL": return await UnixAsync("", ["--rename-command", "EVAL", "", "--rename-command", "EVALSHA", ""]);
            case "full": return await UnixAsync("", [], "CONFIG", "SET", "maxmemory", "1");
            case "nobody there": return new() { Fleet = Unix(Path.Combine(folder, "r.sock")), Address = $"unix:{folder}/r.sock" };
            case "TLS there": return await TcpAsync("redis", folder, isTls: true, "");
            case "no TLS there": return await TcpAsync("rediss", folder, isTls: false, ", tls-ca: site.pem");
            case "unknown authority": return await TcpAsync("rediss", folder, isTls: true, "");
            case "another name": return await TcpAsync("rediss", folder, isTls: true, ", tls-ca: site.pem", "127.0.0.1");
            case "replica":
                var port = RedisProcess.FreePort();
                var primary = await RedisProcess.StartAsync("--port", $"{port}", "--bind", "127.0.0.1");
                var replica = await UnixAsync("", ["--replicaof", "127.0.0.1", $"{port}", "--replica-read-only", "yes"]);
                replica._owned.Add(primary);
                return replica;
            case "silent":
                var silent = await UnixAsync("", []);
                using (var kill = Process.Start("kill", ["-STOP", $"{((RedisProcess)silent._owned[0]).ProcessId}"])) await kill.WaitForExitAsync();
                return silent;
            default: throw new ArgumentOutOfRangeException(nameof(what), what, null);
        }
    }

    private static string Unix(string socket, string keys = "") => $"redis: \"unix:{socket}\"{keys}";

    private static async Task<UnusableServer> UnixAsync(string keys, string[] options, params string[] command)
    {
        var redis = await RedisProcess.StartAsync(options);
        if (command.Length > 0) Assert.Equal((0, "OK\n"), await Programs.RunAsync("redis-cli", ["-s", redis.Socket, .. command]));
        return new() { Fleet = Unix(redis.Socket, keys), Address = $"unix:{redis.Socket}", _owned = { redis } };
    }

    private static async Task<UnusableServer> TcpAsync(string scheme, string folder, bool isTls, string keys, string host = "localhost")
    {
        var port = RedisProcess.FreePort();
        var redis = await RedisProcess.StartAsync(isTls ? RedisProcess.Tls(port, folder) : ["--port", $"{port}", "--bind", "127.0.0.1"]);
        return new() { Fleet = $"redis: \"{scheme}://{host}:{port}\"{keys}", Address = $"{scheme}://{host}:{port}/0", _owned = { redis } };
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var owned in _owned) await owned.DisposeAsync();
    }
}
