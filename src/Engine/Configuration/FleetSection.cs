namespace DaemonProxy.Configuration;

/// <summary>The keys below <c>fleet</c>, and the checks across them.</summary>
internal static class FleetSection
{
    private static readonly FleetOptions Plain = new() { Redis = new FleetAddress("", null, 0, 0, false) };

    public static KeyTable<FleetOptions> Keys { get; } = new("fleet", Plain)
    {
        {
            "redis", ValueKinds.FleetAddress, fleet => fleet.Redis, (fleet, address) => fleet with { Redis = address },
            new("The Redis server (or Valkey, or another that speaks its protocol and runs Lua scripts) on which the front ends agree: "
                + "redis://host:port/database, rediss:// for TLS, or unix:path.") { Required = true }
        },
        {
            "name", ValueKinds.Name, fleet => fleet.Name, (fleet, name) => fleet with { Name = name },
            "Front ends with the same name on the same server share their limits."
        },
        {
            "username", ValueKinds.Word("proxy"), fleet => fleet.Username, (fleet, user) => fleet with { Username = user },
            new("The user of the server's access list.") { ByDefault = "the server's default user" }
        },
        {
            "password-file", ValueKinds.ExistingFile, fleet => fleet.PasswordFile, (fleet, file) => fleet with { PasswordFile = file },
            "A file whose first line is the password. The password itself has no place in a configuration."
        },
        {
            "password-env", ValueKinds.Word("REDIS_PASSWORD"), fleet => fleet.PasswordVariable,
            (fleet, name) => fleet with { PasswordVariable = name },
            "The environment variable of the front end that holds the password."
        },
        {
            "tls-ca", ValueKinds.ExistingFile, fleet => fleet.TlsAuthorities, (fleet, file) => fleet with { TlsAuthorities = file },
            new("A PEM file with the authorities that the certificate of a rediss server is checked against.")
            {
                ByDefault = "the system's",
            }
        },
        {
            "fleet-timeout", ValueKinds.FleetTimeout, fleet => fleet.FleetTimeout, (fleet, time) => fleet with { FleetTimeout = time },
            "How long a front end goes on with its last share when the server does not answer; then on-loss holds."
        },
        {
            "on-loss",
            ValueKinds.Choice(("local", FleetLoss.Local), ("keep", FleetLoss.Keep), ("unlimited", FleetLoss.Unlimited),
                ("refuse", FleetLoss.Refuse)),
            fleet => fleet.OnLoss, (fleet, loss) => fleet with { OnLoss = loss },
            "What holds while the server does not answer: local: the rate divided by the front ends that were there last; keep: the last "
                + "share; unlimited: no limit; refuse: new responses under such a limit get a 503."
        },
    };

    public static FleetOptions Read(MappingNode mapping, Reading reading)
    {
        if (mapping.Find("redis") is null)
            reading.Mistake(mapping, "fleet has no server; add 'redis: redis://host:6379/0'");
        var fleet = Keys.Read(mapping, Plain, reading);
        if (mapping.Find("password-env") is { } variable && mapping.Find("password-file") is not null)
            reading.Mistake(variable.Key, "password-env and password-file both give a password; leave one of them out");
        if (fleet.Redis.Password is not null && (mapping.Find("password-env") ?? mapping.Find("password-file")) is { } other)
            reading.Mistake(other.Key, $"{other.Key.Text} and the URL below redis both give a password; leave it out of the URL");
        if (mapping.Find("tls-ca") is { } authorities && !fleet.Redis.IsTls)
            reading.Mistake(authorities.Key, "tls-ca goes with TLS; write the server's address with rediss://, or leave tls-ca out");
        return fleet;
    }
}
