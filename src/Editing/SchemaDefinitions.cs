namespace DaemonProxy.Editing;

/// <summary>
/// The kinds of values that the schema's keys refer to (<c>#/$defs/size</c>). A test checks that each accepts what the reader accepts.
/// </summary>
internal static class SchemaDefinitions
{
    /// <summary>The members of <c>$defs</c> that are not sections.</summary>
    public const string Text = """
        "name": {
          "type": "string",
          "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
        },
        "switch": {
          "enum": [true, false, "on", "off", "yes", "no"]
        },
        "size": {
          "oneOf": [
            { "type": "number", "minimum": 0 },
            { "type": "string", "pattern": "^[0-9]*\\.?[0-9]+ *([KkMmGgTt]([Ii]?[Bb])?|[Bb])?$" }
          ],
          "examples": ["64KiB", "8MiB", 65536]
        },
        "milliseconds": {
          "oneOf": [
            { "type": "number", "minimum": 0, "maximum": 3600000 },
            { "$ref": "#/$defs/duration" }
          ],
          "examples": ["5ms", "0.5s", 5]
        },
        "seconds": {
          "oneOf": [
            { "type": "number", "minimum": 0, "maximum": 604800 },
            { "$ref": "#/$defs/duration" }
          ],
          "examples": ["15s", "500ms", 60]
        },
        "duration": {
          "type": "string",
          "pattern": "^[0-9]*\\.?[0-9]+ *([Uu\u00b5\u03bc][Ss]|[Mm][Ss]|[Ss]|[Mm]|[Mm][Ii][Nn]|[Hh])?$"
        },
        "rate": {
          "oneOf": [
            { "const": 0 },
            { "type": "string", "pattern": "^([0-9]*\\.?[0-9]+ *([KkMmGgTt]([Ii]?[Bb])?|[Bb]) */[Ss]|0)$" }
          ],
          "examples": ["400KiB/s", "1.5MiB/s", 0]
        },
        "path": {
          "type": "string",
          "minLength": 1
        },
        "listenAddress": {
          "description": "Scheme, host (an IP address, localhost, or * for every interface) and port (0: the system chooses).",
          "type": "string",
          "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://(\\[[0-9A-Fa-f:.%]+\\]|[0-9.]+|[Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt]|\\*)(:[0-9]{1,5})?/?$",
          "examples": ["http://127.0.0.1:8080", "https://[::1]:8443", "http://*:80"]
        }
        """;
}
