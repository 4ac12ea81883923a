namespace DaemonProxy.CmdletHelp;

/// <summary>Help that cannot be made: what is missing, and where.</summary>
/// <param name="place">The file, or the code element.</param>
/// <param name="message">One sentence that says what would be right.</param>
internal sealed class HelpException(string place, string message) : Exception(message)
{
    /// <summary>The file, or the code element.</summary>
    public string Place => place;
}
