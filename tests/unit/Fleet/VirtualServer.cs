using System.Globalization;
using DaemonProxy.Fleet;
using StackExchange.Redis;

namespace DaemonProxy.Tests.Fleet;

/// <summary>The fleet's script on a real server, at a virtual time that is the script's only clock.</summary>
internal sealed class VirtualServer
{
    // The last two arguments are the time.
    private static readonly string Script = FleetScript.Source.Replace(
        "redis.call('TIME')", "{ ARGV[#ARGV - 1], ARGV[#ARGV] }", StringComparison.Ordinal);

    private readonly IDatabase _database;
    private readonly TimeProvider _time;
    private readonly byte[] _hash;

    public VirtualServer(ConnectionMultiplexer connection, TimeProvider time)
    {
        (_database, _time) = (connection.GetDatabase(), time);
        _hash = connection.GetServers()[0].ScriptLoad(Script);
    }

    /// <summary>The calls that it has had.</summary>
    public long Calls { get; private set; }

    /// <summary>The limits in them, together.</summary>
    public long Limits { get; private set; }

    public long[] Call(IReadOnlyList<string> keys, IReadOnlyList<string> arguments)
    {
        Calls++;
        Limits += keys.Count - 1;
        var ticks = _time.GetUtcNow().Ticks - DateTimeOffset.UnixEpoch.Ticks;
        RedisValue[] all = [.. arguments.Select(text => (RedisValue)text),
            (ticks / TimeSpan.TicksPerSecond).ToString(CultureInfo.InvariantCulture),
            (ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond).ToString(CultureInfo.InvariantCulture)];
        return (long[])_database.ScriptEvaluate(_hash, [.. keys.Select(key => (RedisKey)key)], all)!;
    }
}
