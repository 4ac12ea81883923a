namespace DaemonProxy.Configuration;

/// <summary>The description of a key for people and editors.</summary>
/// <param name="Name">The key.</param>
/// <param name="Text">The text of its row in the key table.</param>
/// <param name="Schema">The members of its value's JSON Schema, without the braces around them.</param>
/// <param name="Unit">The unit of a plain number; empty when it has none.</param>
/// <param name="Range">The accepted values; empty when the kind of value is the only bound.</param>
/// <param name="Default">The option's value when the key is omitted; empty: nothing.</param>
/// <param name="DefaultJson">The same as JSON; null when it differs between machines or does not exist.</param>
internal sealed record KeyDescription(
    string Name, KeyText Text, string Schema, string Unit, string Range, string Default, string? DefaultJson);
