namespace DaemonProxy.Configuration;

/// <summary>The kinds of values used in conditions.</summary>
internal static class ConditionKinds
{
    private const string TokenCharacters = "!#$%&'+-.^_`|~"; // RFC 9110, section 5.6.2, but for the star, which stands for any

    public static ValueKind<string> Method { get; } = ValueKinds.Text("GET", (text, shown, key) =>
        IsToken(text) ? (text.ToUpperInvariant(), null) : (null, $"{key}: {shown} is no method; write for example GET"));

    /// <summary>A protocol of an Upgrade header. Never HTTP/2, whose traffic would bypass routes, limits and logs.</summary>
    public static ValueKind<string> Upgrade { get; } = ValueKinds.Text("websocket", (text, shown, key) =>
        !text.Split('/', 2).All(IsToken) ? (null, $"{key}: {shown} is no protocol's name; write for example websocket")
            : text.StartsWith("h2", StringComparison.OrdinalIgnoreCase) || text.StartsWith("HTTP", StringComparison.OrdinalIgnoreCase)
                ? (null, $"{key}: {shown} would carry requests past routes, limits and logs; HTTP/2 is spoken at the https addresses")
                : (text.ToLowerInvariant(), null));

    public static ValueKind<string> MediaType { get; } = ValueKinds.Text("video/*", (text, shown, key) =>
        text.Split('/') is [var kind, var subtype] && IsToken(kind) && (subtype == "*" || IsToken(subtype))
            ? (text, null)
            : (null, $"{key}: {shown} is no media type; write for example video/mp4, or video/* for all of a kind"));

    public static ValueKind<string> Path { get; } = ValueKinds.Text("/media", (text, shown, key) =>
        text is not ['/', ..] ? (null, $"{key}: {shown} must begin with a '/'; write for example /{text.TrimStart('*')}")
            : text.AsSpan().IndexOfAny('?', '#') >= 0
            ? (null, $"{key}: {shown} holds a '?' or '#', and only the path of a request is matched; end it before")
            : (text, null));

    private static bool IsToken(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || TokenCharacters.Contains(c, StringComparison.Ordinal));
}
