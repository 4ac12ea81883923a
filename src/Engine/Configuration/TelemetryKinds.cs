using System.Globalization;
using static DaemonProxy.Configuration.ValueKinds;

namespace DaemonProxy.Configuration;

/// <summary>The kinds of values that only keys below <c>opentelemetry</c> have.</summary>
internal static class TelemetryKinds
{
    /// <summary>A share of everything: on (1), off (0), or a number between them.</summary>
    public static ValueKind<double> Share { get; } = Single<double>("0.1", (scalar, key, _) => scalar.Text.ToLowerInvariant() switch
    {
        "on" or "true" or "yes" => 1,
        "off" or "false" or "no" => 0,
        var text when double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var share)
            && share is >= 0 and <= 1 => share,
        _ => new Wrong($"{key}: {scalar.Shown} is neither on, off nor a share of all; write for example 0.1 for one in ten"),
    }, share => share switch { 1 => "on", 0 => "off", _ => share.ToString(CultureInfo.InvariantCulture) }, """
        "oneOf": [{ "$ref": "#/$defs/switch" }, { "type": "number", "minimum": 0, "maximum": 1 }], "examples": ["on", 0.1]
        """) with
    { Json = share => share switch { 1 => "true", 0 => "false", _ => share.ToString(CultureInfo.InvariantCulture) } };

    /// <summary>The address of a collector of telemetry.</summary>
    public static ValueKind<Uri> CollectorAddress { get; } = Single<Uri>("http://127.0.0.1:4318", (scalar, key, _) =>
        Uri.TryCreate(scalar.Text, UriKind.Absolute, out var address) && address is { Scheme: "http" or "https", UserInfo: "", Query: "" }
            && address.Fragment.Length == 0
            ? address
            : new Wrong($"{key}: {scalar.Shown} is no collector's address; write for example http://127.0.0.1:4318, and what it asks for "
            + "in "
            + "a headers-file"),
        address => address.OriginalString, """
        "type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@]+(/[^?#]*)?$", "examples": ["http://127.0.0.1:4318"]
        """);
}
