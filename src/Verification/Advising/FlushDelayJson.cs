using System.Text.Json;
using System.Text.Json.Serialization;
using DaemonProxy.Configuration;

namespace DaemonProxy.Verification.Advising;

/// <summary>A flush delay in JSON: <c>hh:mm:ss.fffffff</c>, or <c>auto</c>, which would be a negative time otherwise.</summary>
internal sealed class FlushDelayJson : JsonConverter<TimeSpan>
{
    private const string Auto = "auto";

    /// <inheritdoc/>
    public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetString() is { } text && text != Auto
            ? TimeSpan.ParseExact(text, "c", System.Globalization.CultureInfo.InvariantCulture) : FlushPolicy.Auto;

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value == FlushPolicy.Auto ? Auto : value.ToString("c"));
}
