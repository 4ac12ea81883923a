namespace DaemonProxy.Host.CommandLine;

/// <summary>What the program's end tells whoever called it.</summary>
/// <param name="Code">The number.</param>
/// <param name="Meaning">One sentence, for <c>--help</c>, the manual page and docs/install.md.</param>
internal sealed record ExitCode(int Code, string Meaning)
{
    /// <summary>
    /// Every code that a verb ends with. A process that a signal has killed has none: a shell shows 128 and the signal's number.
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
