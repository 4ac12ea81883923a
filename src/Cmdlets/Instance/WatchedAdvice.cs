using DaemonProxy.Control;
using DaemonProxy.Display;
using DaemonProxy.Verification.Advising;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Which flush delays suit the daemon groups on the screen. Advice takes up to a tenth of a second to work out, so each look at the front
/// ends brings that of one group up to date, in turn.
/// </summary>
internal sealed class WatchedAdvice
{
    private readonly Dictionary<(string Name, string Daemon), string?> _hints = [];
    private int _turn;

    /// <summary>Works out the advice for the group whose turn it is.</summary>
    /// <param name="watched">The front ends on the screen.</param>
    public void Look(IReadOnlyList<(string Name, ActivityRates? Rates)> watched)
    {
        var groups = watched.Where(one => one.Rates is not null)
            .SelectMany(one => one.Rates!.Status.Daemons.Select(daemon => (one.Rates.Status, daemon.Daemon))).ToList();
        if (groups.Count == 0) return;
        var (status, group) = groups[_turn++ % groups.Count];
        var advice = FlushAdvisor.Advise(status, group);
        _hints[(status.Name, group)] = advice.Differs ? advice.ShownRecommendation : null;
    }

    /// <summary>The delay that suits a group better than the one in force; null: none is known to.</summary>
    public string? Hint(DaemonStatus group) => _hints.GetValueOrDefault((group.Name, group.Daemon));
}
