using System.Collections;
using DaemonProxy.Configuration;
using DaemonProxy.Editing;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// A configuration that can be changed. <c>Name</c>, <c>Listen</c>, <c>Daemons</c>, <c>Routes</c> and every other option of the file are
/// properties.
/// </summary>
public sealed class DaemonProxyConfiguration : ConfigurationSection
{
    /// <summary>Creates an empty configuration.</summary>
    public DaemonProxyConfiguration()
        : this(ConfigurationDocument.New())
    {
    }

    /// <summary>Creates a configuration from its options.</summary>
    /// <param name="options">The options and their values, as in <c>@{ Listen = 'http://*:80' }</c>.</param>
    public DaemonProxyConfiguration(IDictionary options)
        : this() => With(options);

    internal DaemonProxyConfiguration(ConfigurationDocument document)
        : base(OptionTable.Proxy, document.Root) => Document = document;

    /// <summary>The file that the configuration was read from or last written to; null if there is none.</summary>
    public string? File => Document.File;

    /// <summary>The lines of the Apache configuration that were not carried over; empty if it was not converted from one.</summary>
    public ApacheLine[] NotCarriedOver { get; internal set; } = [];

    /// <summary>
    /// The lines of the Apache configuration that were carried over but have a different meaning here; empty if it was not converted from
    /// one.
    /// </summary>
    public ApacheLine[] CarriedDifferently { get; internal set; } = [];

    internal ConfigurationDocument Document { get; }

    /// <summary>The text of the whole file, including the comments of the file it was read from.</summary>
    public override string ToYaml() => Document.Text();

    /// <inheritdoc/>
    public override string ToString() => this["name"] as string ?? (File is null ? null : NameRule.FromFile(File))
        ?? ProxyConfiguration.DefaultName;

    private protected override bool IsAboutFile(string name) =>
        name is nameof(File) or nameof(NotCarriedOver) or nameof(CarriedDifferently);

    private protected override ConfigurationSection Section(string option, SectionValue values) => option switch
    {
        "daemons" => new DaemonConfiguration(values),
        "routes" => new RouteConfiguration(values),
        "tls" => new TlsConfiguration(values),
        "opentelemetry" => new TelemetryConfiguration(values),
        "fleet" => new FleetConfiguration(values),
        _ => base.Section(option, values),
    };

    private protected override object? SectionList(string option, ListValue list) => option switch
    {
        "daemons" => new ConfigurationList<DaemonConfiguration>(list, values => new DaemonConfiguration(values)),
        "routes" => new ConfigurationList<RouteConfiguration>(list, values => new RouteConfiguration(values)),
        _ => base.SectionList(option, list),
    };
}

/// <summary>A daemon group of a configuration.</summary>
public sealed class DaemonConfiguration : ConfigurationSection
{
    /// <summary>Creates an empty group.</summary>
    public DaemonConfiguration()
        : this(new SectionValue())
    {
    }

    /// <summary>Creates a group from its options.</summary>
    /// <param name="options">The options and their values, as in <c>@{ Name = 'app'; Application = 'app.wsgi' }</c>.</param>
    public DaemonConfiguration(IDictionary options)
        : this() => With(options);

    internal DaemonConfiguration(SectionValue values)
        : base(OptionTable.Daemon, values)
    {
    }

    /// <inheritdoc/>
    public override string ToString() => this["name"]?.ToString() ?? "";

    private protected override ConfigurationSection Section(string option, SectionValue values) =>
        option == "health-check" ? new HealthCheckConfiguration(values) : base.Section(option, values);
}

/// <summary>The health check of a daemon group.</summary>
public sealed class HealthCheckConfiguration : ConfigurationSection
{
    /// <summary>Creates an empty section.</summary>
    public HealthCheckConfiguration()
        : this(new SectionValue())
    {
    }

    internal HealthCheckConfiguration(SectionValue values)
        : base(OptionTable.HealthCheck, values)
    {
    }

    /// <inheritdoc/>
    public override string ToString() => this["path"]?.ToString() ?? "";
}

/// <summary>A route of a configuration.</summary>
public sealed class RouteConfiguration : ConfigurationSection
{
    /// <summary>Creates an empty route.</summary>
    public RouteConfiguration()
        : this(new SectionValue())
    {
    }

    /// <summary>Creates a route from its options.</summary>
    /// <param name="options">The options and their values, as in <c>@{ Path = '/'; Daemon = 'app' }</c>.</param>
    public RouteConfiguration(IDictionary options)
        : this() => With(options);

    internal RouteConfiguration(SectionValue values)
        : base(OptionTable.Route, values)
    {
    }

    /// <inheritdoc/>
    public override string ToString() => this["path"]?.ToString() ?? "";
}

/// <summary>A rate limit in a list of rate limits, of a route or for all routes.</summary>
public sealed class RateLimitConfiguration : ConfigurationSection
{
    /// <summary>Creates an empty limit.</summary>
    public RateLimitConfiguration()
        : this(new SectionValue())
    {
    }

    /// <summary>Creates a limit from its options.</summary>
    /// <param name="options">The options and their values, as in <c>@{ RateLimit = 400KB; RateScope = 'client' }</c>.</param>
    public RateLimitConfiguration(IDictionary options)
        : this() => With(options);

    internal RateLimitConfiguration(SectionValue values)
        : base(OptionTable.RateLimit, values)
    {
    }

    /// <inheritdoc/>
    public override string ToString() => Values["rate-limit"] is ScalarValue rate ? rate.Text : "";
}

/// <summary>The certificate of a configuration.</summary>
public sealed class TlsConfiguration : ConfigurationSection
{
    /// <summary>Creates an empty section.</summary>
    public TlsConfiguration()
        : this(new SectionValue())
    {
    }

    internal TlsConfiguration(SectionValue values)
        : base(OptionTable.Tls, values)
    {
    }

    /// <inheritdoc/>
    public override string ToString() => this["certificate"]?.ToString() ?? "";
}

/// <summary>Where the spans and metrics of a configuration go.</summary>
public sealed class TelemetryConfiguration : ConfigurationSection
{
    /// <summary>Creates an empty section.</summary>
    public TelemetryConfiguration()
        : this(new SectionValue())
    {
    }

    internal TelemetryConfiguration(SectionValue values)
        : base(OptionTable.Telemetry, values)
    {
    }

    /// <inheritdoc/>
    public override string ToString() => this["endpoint"]?.ToString() ?? "";
}

/// <summary>The fleet of a configuration: the front ends that share limits through a Redis server.</summary>
public sealed class FleetConfiguration : ConfigurationSection
{
    /// <summary>Creates an empty section.</summary>
    public FleetConfiguration()
        : this(new SectionValue())
    {
    }

    internal FleetConfiguration(SectionValue values)
        : base(OptionTable.Fleet, values)
    {
    }

    /// <inheritdoc/>
    public override string ToString() => this["redis"]?.ToString() ?? "";
}
