namespace DaemonProxy.Host.CommandLine;

/// <summary>An exit code of the program and its meaning for the caller.</summary>
/// <param name="Code">The number.</param>
/// <param name="Meaning">One sentence, for <c>--help</c>, the manual page and docs/install.md.</param>
internal sealed record ExitCode(int Code, string Meaning)
{
    /// <summary>
    /// All exit codes of the verbs. A process killed by a signal has none: a shell shows 128 plus the number of the signal.
    /// </summary>
    public static IReadOnlyList<ExitCode> All { get; } =
    [
        new(DaemonProxyCommand.Ok, "Done, or checked and found good; for serve, stopped after it finished what was in flight."),
        new(DaemonProxyCommand.Failed, "Not done, or found wanting; standard error says why."),
        new(DaemonProxyCommand.WrongUsage,
            "The command line was not understood, and nothing was done; standard error says what would be right."),
        new(DaemonProxyCommand.NotMeasurable,
            "Measured, and neither found good nor wanting: the machine was too busy to tell; the output says so."),
    ];
}
