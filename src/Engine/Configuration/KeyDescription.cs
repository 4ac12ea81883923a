namespace DaemonProxy.Configuration;

/// <summary>What people and editors are told of a key.</summary>
/// <param name="Name">The key.</param>
/// <param name="Text">What its row says of it.</param>
/// <param name="Schema">The members of its value's JSON Schema, without the braces around them.</param>
/// <param name="Unit">What a plain number counts; empty where it has no unit.</param>
/// <param name="Range">The values that are taken; empty where the kind of value is the only bound.</param>
/// <param name="Default">What the option is when the key is left out; empty: nothing.</param>
/// <param name="DefaultJson">The same as JSON; null where it differs between machines, or there is none.</param>
internal sealed record KeyDescription(
    string Name, KeyText Text, string Schema, string Unit, string Range, string Default, string? DefaultJson);
