namespace DaemonProxy.Configuration;

/// <summary>One pass over one file: the folder that its relative paths start from, and the mistakes found so far.</summary>
/// <param name="fileName">The file's name in messages.</param>
/// <param name="baseDirectory">Full path of the folder that relative paths start from.</param>
/// <param name="variables">Environment variables in addition to this process's, which they override; null: none.</param>
internal sealed class Reading(string fileName, string baseDirectory, IReadOnlyDictionary<string, string>? variables = null)
{
    // A set, because a value reached through several aliases is read several times but is wrong only once.
    private readonly HashSet<ConfigurationError> _mistakes = [];

    /// <summary>The folder that relative paths start from.</summary>
    public string BaseDirectory => baseDirectory;

    /// <summary>The value of the environment variable that a value refers to; null: it is not set.</summary>
    public string? Variable(string name) => variables?.GetValueOrDefault(name) ?? Environment.GetEnvironmentVariable(name);

    /// <summary>Records a mistake; reading continues.</summary>
    /// <param name="place">The node at fault.</param>
    /// <param name="message">What is wrong and what would be right.</param>
    public void Mistake(ConfigurationNode place, string message)
    {
        // What it would be without its reference is of no interest.
        if (place is not ScalarNode { IsBroken: true })
            _mistakes.Add(ConfigurationError.Quoting(fileName, place.Line, place.Column, message));
    }

    /// <summary>Records a mistake in another file that the configuration names; reading continues.</summary>
    /// <param name="file">Full path of the file.</param>
    /// <param name="line">1-based; 0: none.</param>
    /// <param name="column">1-based; 0: none.</param>
    /// <param name="message">What is wrong and what would be right.</param>
    public void Mistake(string file, int line, int column, string message) =>
        _mistakes.Add(ConfigurationError.Quoting(file, line, column, message));

    /// <summary>Ends the reading.</summary>
    /// <exception cref="ConfigurationException">There were mistakes; the exception carries all of them, in file order.</exception>
    public void ThrowIfMistaken()
    {
        if (_mistakes.Count > 0)
            throw new ConfigurationException(
                [.. _mistakes.OrderBy(mistake => mistake.File != fileName).ThenBy(mistake => mistake.File, StringComparer.Ordinal)
                .ThenBy(mistake => mistake.Line).ThenBy(mistake => mistake.Column)]);
    }
}
