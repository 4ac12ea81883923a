namespace DaemonProxy.Configuration;

/// <summary>One pass over one file: the folder that its relative paths start from, and the mistakes found so far.</summary>
/// <param name="fileName">The file's name in messages.</param>
/// <param name="baseDirectory">Full path of the folder that relative paths start from.</param>
internal sealed class Reading(string fileName, string baseDirectory)
{
    // A set, because a value reached through several aliases is read several times but is wrong only once.
    private readonly HashSet<ConfigurationError> _mistakes = [];

    /// <summary>The folder that relative paths start from.</summary>
    public string BaseDirectory => baseDirectory;

    /// <summary>Records a mistake; reading continues.</summary>
    /// <param name="place">The node at fault.</param>
    /// <param name="message">What is wrong and what would be right.</param>
    public void Mistake(ConfigurationNode place, string message) =>
        _mistakes.Add(ConfigurationError.Quoting(fileName, place.Line, place.Column, message));

    /// <summary>Ends the reading.</summary>
    /// <exception cref="ConfigurationException">There were mistakes; the exception carries all of them, in file order.</exception>
    public void ThrowIfMistaken()
    {
        if (_mistakes.Count > 0)
            throw new ConfigurationException([.. _mistakes.OrderBy(mistake => mistake.Line).ThenBy(mistake => mistake.Column)]);
    }
}
