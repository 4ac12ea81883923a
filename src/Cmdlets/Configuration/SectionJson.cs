using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Writes a section as JSON with the keys and values of a file, so that it reads as a user would write it, and can be used as a file: JSON
/// is YAML.
/// </summary>
internal static class SectionJson
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string TextOf(ConfigurationSection section)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, Options)) Write(json, section);
        return Encoding.UTF8.GetString(text.ToArray());
    }

    private static void Write(Utf8JsonWriter json, ConfigurationSection section)
    {
        json.WriteStartObject();
        foreach (var option in section.GetOptionName())
        {
            json.WritePropertyName(option);
            switch (section[option])
            {
                case ConfigurationSection inner:
                    Write(json, inner);
                    break;
                case IEnumerable<ConfigurationSection> sections:
                    json.WriteStartArray();
                    foreach (var item in sections) Write(json, item);
                    json.WriteEndArray();
                    break;
                case OptionList texts:
                    json.WriteStartArray();
                    foreach (var item in texts) json.WriteStringValue(item);
                    json.WriteEndArray();
                    break;
                case bool on:
                    json.WriteBooleanValue(on);
                    break;
                // 8MiB is a number to PowerShell, and 022 is none to anybody.
                case long number when section.TextOf(option) == number.ToString(CultureInfo.InvariantCulture):
                    json.WriteNumberValue(number);
                    break;
                default:
                    json.WriteStringValue(section.TextOf(option));
                    break;
            }
        }

        json.WriteEndObject();
    }
}
