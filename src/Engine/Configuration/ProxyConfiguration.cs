namespace DaemonProxy.Configuration;

/// <summary>A front end's whole configuration, checked: what is in here can be served. Immutable; read from YAML.</summary>
public sealed record ProxyConfiguration
{
    /// <summary>The name a front end has when its configuration gives none.</summary>
    public const string DefaultName = "default";

    /// <summary>The name by which every console finds the front end again. <see cref="NameRule"/> says what it may be.</summary>
    public string Name { get; init; } = DefaultName;

    /// <summary>Where the front end listens; at least one address.</summary>
    public IReadOnlyList<ListenAddress> Listen { get; init; } = [ListenAddress.AnyLoopbackPort];

    /// <summary>The certificate of the <c>https</c> addresses; null where there is none.</summary>
    public TlsOptions? Tls { get; init; }

    /// <summary><c>restrict-embedded</c>: null when never set, which is not the same as off (behaviour.md, section 3).</summary>
    public bool? RestrictEmbedded { get; init; }

    /// <summary><c>limit-request-body</c>, bytes: a longer request body is refused with 413. 0: no limit. Default 1 GiB, as Apache's.</summary>
    public long LimitRequestBody { get; init; } = 1L << 30;

    /// <summary>The daemon groups, by the order of the file.</summary>
    public IReadOnlyList<DaemonGroupOptions> Daemons { get; init; } = [];

    /// <summary>The routes, by the order of the file; the longest matching path prefix wins.</summary>
    public IReadOnlyList<RouteOptions> Routes { get; init; } = [];

    /// <summary>The full path of the file this was read from; null for a configuration made in memory.</summary>
    public string? File { get; init; }

    /// <summary>What a front end serves with no configuration at all: the sample application, on a free loopback port.</summary>
    public static ProxyConfiguration Sample { get; } = new()
    {
        Daemons = [new DaemonGroupOptions { Name = "sample", Source = DaemonSource.Sample }],
        Routes = [new RouteOptions { Path = "/", Daemon = "sample" }],
    };
}

/// <summary>The certificate of the <c>https</c> addresses: a PEM file with its key, or a PFX file.</summary>
public sealed record TlsOptions
{
    /// <summary>Full path of the PEM (chain) or PFX file.</summary>
    public required string Certificate { get; init; }

    /// <summary>Full path of the PEM key; null for a PFX file, or when the certificate file holds the key too.</summary>
    public string? Key { get; init; }

    /// <summary>Full path of a file whose first line is the password of the PFX or the key; null where there is none. The password itself has no place in a configuration.</summary>
    public string? PasswordFile { get; init; }
}
