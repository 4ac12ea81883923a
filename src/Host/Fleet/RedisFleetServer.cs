using System.Net;
using System.Net.Sockets;
using DaemonProxy.Configuration;
using DaemonProxy.Fleet;
using StackExchange.Redis;

namespace DaemonProxy.Host.Fleet;

/// <summary>A fleet's Redis server, reached with StackExchange.Redis.</summary>
/// <param name="options">The fleet.</param>
/// <param name="channel">The channel to subscribe to, so that the server sees the connection.</param>
/// <param name="time">The clock.</param>
internal sealed class RedisFleetServer(FleetOptions options, string channel, TimeProvider time) : IFleetServer, IAsyncDisposable
{
    // The client tries again to connect with its heartbeat.
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private Task<ConnectionMultiplexer>? _connecting;
    private string? _hash;

    /// <inheritdoc/>
    public async Task<long[]> CallAsync(IReadOnlyList<string> keys, IReadOnlyList<string> arguments)
    {
        try
        {
            var connection = await ConnectAsync(CallTimeout(options), subscribes: true).ConfigureAwait(false);
            return await CallAsync(connection, keys, arguments).ConfigureAwait(false);
        }
        catch (Exception failure) when (RedisFailure.Describe(failure, options) is { } described)
        {
            throw described;
        }
    }

    /// <summary>Tries the server once, as <c>check --connect</c> does.</summary>
    /// <exception cref="FleetServerException">It cannot be used.</exception>
    public async Task TryAsync(string fleetKey)
    {
        try
        {
            var connection = await ConnectAsync(TimeSpan.FromSeconds(5), subscribes: false).ConfigureAwait(false);
            var key = $"{fleetKey}:check:{Guid.NewGuid():N}";
            await CallAsync(connection, [key], ["check", "1", "1000"]).ConfigureAwait(false);
            await connection.GetDatabase().KeyDeleteAsync(key).ConfigureAwait(false);
        }
        catch (Exception failure) when (RedisFailure.Describe(failure, options) is { } described)
        {
            throw described;
        }
    }

    /// <summary>How long an answer is waited for: longer than the slowest round trip that is of use.</summary>
    public static TimeSpan CallTimeout(FleetOptions options) =>
        options.FleetTimeout > TimeSpan.FromSeconds(2) ? options.FleetTimeout : TimeSpan.FromSeconds(2);

    private async Task<long[]> CallAsync(ConnectionMultiplexer connection, IReadOnlyList<string> keys, IReadOnlyList<string> arguments)
    {
        var database = connection.GetDatabase();
        var words = new object[2 + keys.Count + arguments.Count];
        words[1] = keys.Count;
        for (var i = 0; i < keys.Count; i++) words[2 + i] = (RedisKey)keys[i];
        for (var i = 0; i < arguments.Count; i++) words[2 + keys.Count + i] = arguments[i];
        RedisResult answer;
        try
        {
            words[0] = _hash ??= ScriptHash.Of(FleetScript.Source);
            answer = await database.ExecuteAsync("EVALSHA", words).ConfigureAwait(false);
        }
        catch (RedisServerException missing) when (missing.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            // A server that is new, or was restarted; it keeps the script from now on.
            words[0] = FleetScript.Source;
            answer = await database.ExecuteAsync("EVAL", words).ConfigureAwait(false);
        }
        return (long[]?)answer ?? [];
    }

    /// <summary>The connection; after the first that succeeds the client makes every new one itself.</summary>
    private Task<ConnectionMultiplexer> ConnectAsync(TimeSpan timeout, bool subscribes)
    {
        lock (_gate)
        {
            if (_connecting is { IsFaulted: false, IsCanceled: false }) return _connecting;
            return _connecting = OpenAsync(timeout, subscribes, isFirst: _connecting is null);
        }
    }

    private async Task<ConnectionMultiplexer> OpenAsync(TimeSpan timeout, bool subscribes, bool isFirst)
    {
        if (!isFirst) await Task.Delay(Retry, time).ConfigureAwait(false);
        var milliseconds = (int)timeout.TotalMilliseconds;
        var client = new ConfigurationOptions
        {
            // Only so does it say why: a client that goes on by itself has forgotten it.
            AbortOnConnectFail = true,
            ConnectRetry = 1,
            ConnectTimeout = milliseconds,
            AsyncTimeout = milliseconds,
            SyncTimeout = milliseconds,
            HeartbeatInterval = Retry,
            ReconnectRetryPolicy = new LinearRetry((int)Retry.TotalMilliseconds),
            // A call that cannot be sent now is out of date when it could be.
            BacklogPolicy = BacklogPolicy.FailFast,
            ClientName = "daemonproxy",
            ConfigurationChannel = "",
            TieBreaker = "",
            DefaultDatabase = options.Redis.Database,
            User = options.Username ?? options.Redis.Username,
            Password = Password(),
            Ssl = options.Redis.IsTls,
            SslHost = options.Redis.IsTls ? options.Redis.Host : null,
        };
        client.EndPoints.Add(EndPoint(options.Redis));
        if (options.TlsAuthorities is { } authorities) client.TrustIssuer(authorities);
        using (var patience = new CancellationTokenSource(timeout, time))
            await RedisProbe.TryAsync(options, EndPoint(options.Redis), patience.Token).ConfigureAwait(false);
        var connection = await ConnectionMultiplexer.ConnectAsync(client).ConfigureAwait(false);
        if (subscribes)
        {
            // The client subscribes again with every new connection.
            await connection.GetSubscriber()
                .SubscribeAsync(RedisChannel.Literal(channel), static (_, _) => { }, CommandFlags.FireAndForget).ConfigureAwait(false);
        }
        return connection;
    }

    private static EndPoint EndPoint(FleetAddress address) =>
        address.UnixSocket is { } socket ? new UnixDomainSocketEndPoint(socket)
            : IPAddress.TryParse(address.Host, out var ip) ? new IPEndPoint(ip, address.Port)
            : new DnsEndPoint(address.Host!, address.Port);

    private string? Password()
    {
        if (options.PasswordVariable is { } variable)
        {
            return Environment.GetEnvironmentVariable(variable)
                ?? throw new FleetServerException($"the environment variable {variable} of password-env is not set", isLasting: true);
        }
        if (options.PasswordFile is not { } file) return options.Redis.Password;
        try { return File.ReadLines(file).FirstOrDefault() ?? ""; }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new FleetServerException(
                $"the password-file {file} cannot be read ({failure.Message.TrimEnd('.')})", isLasting: true, failure);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task<ConnectionMultiplexer>? connecting;
        lock (_gate) connecting = _connecting;
        if (connecting is null) return;
        try { await (await connecting.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false); }
        catch (Exception failure) when (failure is FleetServerException or RedisException or IOException)
        {
            // There was none.
        }
    }
}
