namespace DaemonProxy.Configuration;

/// <summary>One reading of one file: where its relative paths start, and the mistakes found so far.</summary>
/// <param name="fileName">The file, as messages name it.</param>
/// <param name="baseDirectory">Full path of the folder that relative paths start from.</param>
internal sealed class Reading(string fileName, string baseDirectory)
{
    // A set, for a value that several aliases stand for is read several times, and is wrong only once.
    private readonly HashSet<ConfigurationError> _mistakes = [];

    /// <summary>The folder that relative paths start from.</summary>
    public string BaseDirectory => baseDirectory;

    /// <summary>Notes a mistake, and goes on reading.</summary>
    /// <param name="place">The node where it stands.</param>
    /// <param name="message">What is wrong and what would be right.</param>
    public void Mistake(ConfigurationNode place, string message) =>
        _mistakes.Add(ConfigurationError.Quoting(fileName, place.Line, place.Column, message));

    /// <summary>Ends the reading.</summary>
    /// <exception cref="ConfigurationException">There were mistakes; it carries them all, by their place in the file.</exception>
    public void ThrowIfMistaken()
    {
        if (_mistakes.Count > 0)
            throw new ConfigurationException([.. _mistakes.OrderBy(mistake => mistake.Line).ThenBy(mistake => mistake.Column)]);
    }
}
