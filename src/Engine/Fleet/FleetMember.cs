using System.Globalization;
using DaemonProxy.Configuration;
using DaemonProxy.Pacing;

namespace DaemonProxy.Fleet;

/// <summary>What a member of a fleet knows and decides: what it asks the server, and what it does with the answer or without one.</summary>
/// <remarks>
/// It does no input or output and never waits: <see cref="FleetLink"/> carries its calls. A share in force is a number that the limiter of
/// a response reads; nothing on a response's way waits for the server.
/// </remarks>
public sealed class FleetMember
{
    /// <summary>Limits in one call at most: the server does nothing else for some 6 us for each.</summary>
    internal const int MostInCall = 1_000;

    private static readonly TimeSpan ShortestTick = TimeSpan.FromMilliseconds(100);

    // A large fleet calls less often, so that its server has time left: 1,000 members every 200 ms.
    private static readonly TimeSpan TickForEachMember = TimeSpan.FromMilliseconds(0.2);

    /// <summary>Between two calls while none is.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a response without a share waits for the server before it gets rate / members.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(250);

    // Members notice at different moments that the server is away. Who has to give up share does so first.
    private static readonly TimeSpan BeforeRaising = TimeSpan.FromMilliseconds(500);

    // How much longer than fleet-timeout the server keeps the shares of a member that does not call: the longest round trip that counts.
    private static readonly TimeSpan LongestCall = TimeSpan.FromSeconds(1);

    // A connection takes longer to open than a call takes.
    private static readonly TimeSpan FirstAnswer = TimeSpan.FromSeconds(2);

    // A demand that was measured for less is measured further.
    private static readonly TimeSpan ShortestPeriod = TimeSpan.FromMilliseconds(50);

    // How much more than they take the content responses get: room to grow until they are seen to wait.
    private const double Headroom = 1.05;

    private readonly Lock _gate = new();
    private readonly FleetOptions _options;
    private readonly TimeProvider _time;
    private readonly string _id;
    private readonly Dictionary<string, FleetShare> _shares = [];
    private readonly List<(string Key, long Rate)> _given = [];
    private long _number;
    private long _lastAnswer;
    private bool _isLost;

    /// <summary>Makes a member.</summary>
    /// <param name="options">The fleet.</param>
    /// <param name="id">A name that no other member has or had.</param>
    /// <param name="time">The clock.</param>
    public FleetMember(FleetOptions options, string id, TimeProvider time)
    {
        (_options, _id, _time) = (options, id, time);
        FleetKey = $"{{daemonproxy:{options.Name}}}";
        _lastAnswer = time.GetTimestamp();
    }

    /// <summary>The fleet's key on the server; those of the limits begin with it.</summary>
    public string FleetKey { get; }

    /// <summary>The channel that it subscribes to for as long as its connection lasts: how the server knows that it lives.</summary>
    public string Channel => $"{FleetKey}:{_id}";

    /// <summary>The members of the fleet, as the server said last; 1 before it has said anything.</summary>
    public int Members { get; private set; } = 1;

    /// <summary>The time from one call to the next while a limit is in use.</summary>
    public TimeSpan Tick => Members * TickForEachMember is var tick && tick > ShortestTick ? tick : ShortestTick;

    /// <summary>Whether the server has not answered for <c>fleet-timeout</c>, so that <c>on-loss</c> holds.</summary>
    public bool IsLost
    {
        get { lock (_gate) return _isLost; }
    }

    /// <summary>Whether the server has ever answered.</summary>
    public bool HasAnswer { get; private set; }

    /// <summary>Whether responses that obey a limit of the fleet are refused now.</summary>
    public bool Refuses => _options.OnLoss == FleetLoss.Refuse && IsLost;

    /// <summary>Raised when a share is wanted at once; must not block.</summary>
    public Action? Wanted { get; set; }

    /// <summary>Whether any limit is in use, so that the next call is due after a <see cref="Tick"/>.</summary>
    public bool HasDemand
    {
        get
        {
            lock (_gate)
            {
                foreach (var share in _shares.Values)
                {
                    if (share.IsKnown || share.IsInUse) return true;
                }
                return _given.Count > 0;
            }
        }
    }

    /// <summary>Adds a limit, or one client's part of it.</summary>
    /// <param name="key">What identifies it among all limits of the fleet.</param>
    /// <param name="rate">The fleet's rate, bytes a second, &gt; 0.</param>
    /// <param name="time">The clock of the limiter.</param>
    /// <param name="load">The count of paced responses.</param>
    public FleetShare Join(string key, long rate, TimeProvider time, PacingLoad load)
    {
        key = $"{FleetKey}:{key}";
        lock (_gate)
        {
            if (!_shares.TryGetValue(key, out var share))
            {
                share = _shares[key] = new FleetShare(this, key, rate, time, load);
                share.IsKnown = _given.RemoveAll(given => given.Key == key) > 0;
                if (_isLost) share.Limiter.SetShare(ShareOnLoss(share, ByteRateLimiter.NoShare));
            }
            share.Holders++;
            if (share.Rate != rate) share.Rate = rate;
            return share;
        }
    }

    internal void Leave(FleetShare share)
    {
        lock (_gate)
        {
            share.Holders--;
            EndUnlessHeld(share);
        }
    }

    /// <summary>Ends a share that no limit holds any more and that no response uses.</summary>
    private void EndUnlessHeld(FleetShare share)
    {
        if (share.Holders > 0 || share.Limiter.HasShares || !_shares.Remove(share.Key)) return;
        if (share.IsKnown) _given.Add((share.Key, share.Rate));
        share.Limiter.Dispose();
    }

    internal void OnWanted(FleetShare share)
    {
        // Under the lock of the limiter: its member's lock may be held by a thread that waits for this one.
        share.IsInUse = true;
        Wanted?.Invoke();
    }

    internal void OnRateChanged(FleetShare share)
    {
        lock (_gate)
        {
            if (share.Share > share.Rate) share.Limiter.SetShare(share.Rate);
        }
        Wanted?.Invoke();
    }

    /// <summary>Makes the next call. There must be no other one on its way.</summary>
    public FleetCall NextCall()
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            var (keys, shares) = (new List<string> { FleetKey }, new List<FleetShare>());
            var lease = _options.FleetTimeout + LongestCall;
            var arguments = new List<string> { _id, Text(++_number), Text((long)lease.TotalMilliseconds) };
            foreach (var share in Due(now)) Add(share, keys, arguments, shares);
            foreach (var (key, rate) in _given)
            {
                keys.Add(key);
                arguments.AddRange([Text(rate), "0", "0", "0", "0"]);
            }
            return new(keys, arguments, now) { Shares = shares, Given = [.. _given] };
        }
    }

    /// <summary>
    /// The limits that belong in a call: those in use, and those that were. Where there are too many, those with news come first and the
    /// others take turns; until its turn a limit keeps its share, here and on the server.
    /// </summary>
    private List<FleetShare> Due(long now)
    {
        var due = new List<FleetShare>();
        foreach (var share in _shares.Values)
        {
            if (!share.IsInUse && !share.IsKnown && !share.Limiter.HasShares) continue;
            Measure(share, now);
            due.Add(share);
        }
        if (due.Count <= MostInCall) return due;
        due.Sort(static (one, other) => one.HasNews != other.HasNews ? other.HasNews.CompareTo(one.HasNews)
            : one.LastCall.CompareTo(other.LastCall));
        due.RemoveRange(MostInCall, due.Count - MostInCall);
        return due;
    }

    private void Measure(FleetShare share, long now)
    {
        if (share.DemandTaken == 0 || _time.GetElapsedTime(share.DemandTaken, now) >= ShortestPeriod)
        {
            share.Demand = share.Limiter.TakeDemand();
            share.DemandTaken = now;
        }
        share.IsInUse = share.Demand.Responses > 0 || share.Limiter.HasShares;
        // A limit that nobody uses is given up, and so is its share, before another member hears of it.
        if (!share.IsInUse) share.Limiter.SetShare(ByteRateLimiter.NoShare);
        share.Weight = !share.IsInUse ? 0 : Math.Max(share.Demand.Hungry * 100, FleetScript.LeastWeight);
    }

    private void Add(FleetShare share, List<string> keys, List<string> arguments, List<FleetShare> shares)
    {
        var (demand, weight) = (share.Demand, share.Weight);
        share.IsKnown = true;
        (share.SentWeight, share.SentShare, share.LastCall) = (weight, share.Share, _number);
        keys.Add(share.Key);
        shares.Add(share);
        arguments.AddRange([Text(share.Rate), Text(share.Share), Text(weight), Text(weight == 0 ? 0 : demand.Content),
            Text(weight == 0 ? 0 : (long)(demand.ContentRate * Headroom))]);
    }

    /// <summary>Takes over the answer to a call.</summary>
    /// <returns>Whether share was given up, so that the next call, which says so, should be made at once.</returns>
    public bool Apply(FleetCall call, IReadOnlyList<long> answer)
    {
        lock (_gate)
        {
            // One that was overtaken says nothing about now.
            if (answer.Count < FleetScript.AnswersOfCall || answer[0] < 0) return false;
            _lastAnswer = _time.GetTimestamp();
            HasAnswer = true;
            _isLost = false;
            Members = Math.Max(1, (int)answer[1]);
            var (gaveUp, at) = (false, FleetScript.AnswersOfCall);
            foreach (var share in call.Shares)
            {
                var (granted, members) = (answer[at], (int)answer[at + 1]);
                at += FleetScript.AnswersOfLimit;
                (share.Members, share.WantedSince) = (members, null);
                if (!share.IsInUse)
                {
                    share.IsKnown = false;
                    EndUnlessHeld(share);
                    continue;
                }
                var wanted = Math.Max(ByteRateLimiter.NoShare, Math.Min(granted, share.Rate));
                gaveUp |= wanted < share.Share;
                share.Limiter.SetShare(wanted);
            }
            // Those that were given up while the call was on its way are not in it.
            if (call.Given.Count > 0) _given.RemoveAll(call.Given.Contains);
            return gaveUp;
        }
    }

    /// <summary>
    /// Does what is due while there is no answer: gives a share to responses that have waited for one, and after <c>fleet-timeout</c> goes
    /// by <c>on-loss</c>.
    /// </summary>
    /// <returns>Whether the server is lost from now on, for the first time since its last answer.</returns>
    public bool CheckLoss()
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            var silence = _time.GetElapsedTime(_lastAnswer, now);
            var wasLost = _isLost;
            _isLost = silence >= (HasAnswer || _options.FleetTimeout > FirstAnswer ? _options.FleetTimeout : FirstAnswer);
            foreach (var share in _shares.Values)
            {
                if (_isLost) LoseServer(share, silence);
                else if (silence >= LongestWait && share is { IsInUse: true, Share: 0 }) LetStart(share, now);
            }
            return _isLost && !wasLost;
        }
    }

    private void LetStart(FleetShare share, long now)
    {
        share.WantedSince ??= now;
        if (_time.GetElapsedTime(share.WantedSince.Value, now) < LongestWait) return;
        share.Limiter.SetShare(ShareOnLoss(share, ByteRateLimiter.NoShare));
        share.WantedSince = null;
    }

    private void LoseServer(FleetShare share, TimeSpan silence)
    {
        var (present, wanted) = (share.Limiter.Rate, ShareOnLoss(share, share.Limiter.Rate));
        if (wanted <= present || share.Share == 0 || silence >= _options.FleetTimeout + BeforeRaising) share.Limiter.SetShare(wanted);
    }

    private long ShareOnLoss(FleetShare share, long present) => _options.OnLoss switch
    {
        FleetLoss.Unlimited => FleetShare.Unlimited,
        FleetLoss.Local => Local(share),
        _ => present > ByteRateLimiter.NoShare ? present : Local(share),
    };

    private long Local(FleetShare share) => Math.Max(ByteRateLimiter.NoShare, share.Rate / Members);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
