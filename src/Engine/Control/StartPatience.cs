namespace DaemonProxy.Control;

/// <summary>How long whoever asks for new daemons, or for a new process, waits for the answer.</summary>
public static class StartPatience
{
    /// <summary>
    /// Beyond any <c>startup-timeout</c> that somebody waits for; whatever is being started gives up earlier by itself.
    /// </summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    // The front end ends daemons that are late before it answers.
    private static readonly TimeSpan EndOfDaemons = TimeSpan.FromSeconds(20);

    // The new process ends its daemons, and then the front end that process, before it answers.
    private static readonly TimeSpan StartOfProcess = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan EndOfProcess = TimeSpan.FromSeconds(60);

    /// <summary>For the answer to a restart.</summary>
    /// <param name="within">How long the new daemons may take; null: as long as each group's own limit.</param>
    public static TimeSpan ForRestart(TimeSpan? within) => within + EndOfDaemons ?? Longest;

    /// <summary>For the answer to an update.</summary>
    /// <param name="within">How long the new daemons may take; null: as long as each group's own limit.</param>
    public static TimeSpan ForUpdate(TimeSpan? within) => within + EndOfProcess ?? Longest;

    /// <summary>For the new process of an update: how long the front end lets it start before it ends it.</summary>
    /// <param name="within">How long the new daemons may take; null: as long as each group's own limit.</param>
    public static TimeSpan ForNewProcess(TimeSpan? within) => within + StartOfProcess ?? Longest;
}
