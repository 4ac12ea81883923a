namespace DaemonProxy.Configuration;

/// <summary>Where a daemon group's processes come from.</summary>
public enum DaemonSource
{
    /// <summary>The built-in sample application, run by <c>daemonproxy daemon --sample</c>.</summary>
    Sample,

    /// <summary>A command that the front end starts, watches and stops.</summary>
    Command,

    /// <summary>A server that somebody else runs: just an address.</summary>
    Address,
}

/// <summary>One daemon group (behaviour.md, section 5; names and defaults are the original's).</summary>
public sealed record DaemonGroupOptions
{
    /// <summary>The group's name, as routes refer to it.</summary>
    public required string Name { get; init; }

    /// <summary>Where the group's processes come from.</summary>
    public required DaemonSource Source { get; init; }

    /// <summary><c>command</c>: program and arguments; <c>{socket}</c> in any of them stands for the socket's path. Empty unless <see cref="Source"/> is <see cref="DaemonSource.Command"/>.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary><c>home</c>: the command's working directory, a full path. Default: the configuration file's folder.</summary>
    public string? Home { get; init; }

    /// <summary><c>address</c> of an external group, or null: the front end chooses a Unix socket.</summary>
    public DaemonAddress? Address { get; init; }

    /// <summary><c>response-flush-delay</c>: how long the relay waits for more before it flushes. &gt;= 0; 0 flushes on any dry read. Default 5 ms.</summary>
    public TimeSpan ResponseFlushDelay { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary><c>response-flush-deadline</c>: the longest a byte waits while the application trickles. &gt;= 0; 0: no deadline. Default 50 ms.</summary>
    public TimeSpan ResponseFlushDeadline { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary><c>response-buffer-size</c>, bytes, &gt;= 65,536: the runaway guard. Default 8 MiB.</summary>
    public long ResponseBufferSize { get; init; } = 8L << 20;

    /// <summary><c>connect-timeout</c>: budget for connecting to the group's socket. Default 15 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary><c>socket-timeout</c>: each single read or write between front end and daemon. Default 60 s.</summary>
    public TimeSpan SocketTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary><c>response-socket-timeout</c>: each write to the client. Default (and 0): <see cref="SocketTimeout"/>.</summary>
    public TimeSpan ResponseSocketTimeout { get; init; } = TimeSpan.Zero;

    /// <summary><c>header-buffer-size</c>, bytes: longest response header line; longer is a 500. Default 32,768.</summary>
    public int HeaderBufferSize { get; init; } = 32_768;

    /// <summary><c>startup-timeout</c>: a managed daemon that does not answer on its socket by then is replaced. 0: no limit. Default 0.</summary>
    public TimeSpan StartupTimeout { get; init; } = TimeSpan.Zero;

    /// <summary><c>shutdown-timeout</c>: a managed daemon that has not ended by then is killed. Default 5 s.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
