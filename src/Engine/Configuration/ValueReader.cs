using System.Diagnostics.CodeAnalysis;

namespace DaemonProxy.Configuration;

/// <summary>Reads the value of a key, or notes what is wrong with it.</summary>
/// <param name="node">The value.</param>
/// <param name="key">The key, for messages.</param>
/// <param name="reading">Collects the mistakes.</param>
/// <param name="value">The parsed value.</param>
/// <returns>False when there is a mistake, which has been noted.</returns>
internal delegate bool ValueReader<T>(ConfigurationNode node, string key, Reading reading, [MaybeNullWhen(false)] out T value);
