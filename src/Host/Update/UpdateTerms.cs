namespace DaemonProxy.Host.Update;

/// <summary>How this process can be replaced by a new one that serves in its place.</summary>
/// <param name="Obstacle">One sentence that says why it cannot; null: it can.</param>
/// <param name="Host">The program and first arguments that start this host again.</param>
/// <param name="Arguments">The arguments that this process was started with, without the program.</param>
/// <param name="KeepsStreams">Whether the new process writes to this one's standard streams, as in a service's journal.</param>
/// <param name="Variables">Environment variables that this process was started with and has removed since.</param>
/// <param name="Announce">Tells the service manager which process is the main one from now on, and completes when it knows.</param>
internal sealed record UpdateTerms(
    string? Obstacle, IReadOnlyList<string> Host, IReadOnlyList<string> Arguments, bool KeepsStreams,
    IReadOnlyDictionary<string, string> Variables, Func<int, Task> Announce)
{
    /// <summary>The option that names the socket on which a front end waits for its successor.</summary>
    public const string Option = "--replace";

    /// <summary>The arguments of the successor.</summary>
    /// <param name="socket">The socket on which this process waits for it.</param>
    public IEnumerable<string> ArgumentsFor(string socket) =>
        [.. Arguments.Where(argument => !argument.StartsWith($"{Option}=", StringComparison.Ordinal)), $"{Option}={socket}"];
}
