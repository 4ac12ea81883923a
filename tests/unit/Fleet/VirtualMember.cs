using DaemonProxy.Configuration;
using DaemonProxy.Fleet;
using DaemonProxy.Pacing;

namespace DaemonProxy.Tests.Fleet;

/// <summary>A front end in virtual time: a real <see cref="FleetMember"/>, real limiters and pacers, and calls that take a while.</summary>
internal sealed class VirtualMember
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private readonly VirtualTime _time;
    private readonly VirtualServer _server;
    private readonly Func<TimeSpan> _delay;
    private readonly PacingLoad _load = new();
    private readonly Dictionary<string, FleetShare> _shares = [];
    private bool _calling;
    private bool _wanted;
    private long _lastStart;

    public VirtualMember(string id, FleetOptions options, VirtualTime time, VirtualServer server, Func<TimeSpan> delay)
    {
        (_time, _server, _delay) = (time, server, delay);
        Member = new FleetMember(options, id, time) { Wanted = () => _wanted = true };
        time.CreateTimer(_ => Look(), null, TimeSpan.Zero, TimeSpan.FromMilliseconds(5));
    }

    public FleetMember Member { get; }

    /// <summary>Whether calls reach the server and answers come back.</summary>
    public bool IsConnected { get; set; } = true;

    public bool IsDead { get; private set; }

    public IReadOnlyDictionary<string, FleetShare> Shares => _shares;

    /// <summary>Begins a response that obeys a limit.</summary>
    /// <param name="limit">The limit's key.</param>
    /// <param name="rate">The limit's rate.</param>
    /// <param name="own">The rate of its own limit, bytes a second; null: none.</param>
    public VirtualResponse Respond(string limit, long rate, long? own = null) => own is { } most
        ? VirtualResponse.Start(new ByteRateLimiter(most, _time), ShareOf(limit, rate).Limiter)
        : VirtualResponse.Start(ShareOf(limit, rate).Limiter);

    /// <summary>Begins a response that obeys several limits, the narrowest first.</summary>
    public VirtualResponse Respond(params (string Limit, long Rate)[] limits) =>
        VirtualResponse.Start([.. limits.Select(limit => ShareOf(limit.Limit, limit.Rate).Limiter)]);

    private FleetShare ShareOf(string limit, long rate)
    {
        if (!_shares.TryGetValue(limit, out var share)) share = _shares[limit] = Member.Join(limit, rate, _time, _load);
        return share;
    }

    /// <summary>Kills the front end: it neither calls nor sends.</summary>
    public void Die() => IsDead = true;

    private void Look()
    {
        if (IsDead) return;
        Member.CheckLoss();
        var pause = Member.HasDemand ? Member.Tick : FleetMember.Heartbeat;
        if (!_calling && (_wanted || _time.GetElapsedTime(_lastStart) >= pause)) Call();
    }

    private void Call()
    {
        (_calling, _wanted, _lastStart) = (true, false, _time.GetTimestamp());
        var call = Member.NextCall();
        if (!IsConnected)
        {
            _time.After(Patience, () => _calling = false);
            return;
        }
        _time.After(_delay(), () =>
        {
            var answer = _server.Call(call.Keys, call.Arguments);
            _time.After(_delay(), () =>
            {
                _calling = false;
                if (IsDead || !IsConnected) return;
                if (Member.Apply(call, answer)) Call();
            });
        });
    }
}

/// <summary>A response that always has something to send.</summary>
internal sealed class VirtualResponse
{
    private readonly CancellationTokenSource _end = new();

    public long Sent { get; private set; }

    /// <summary>Begins a response.</summary>
    /// <param name="limiters">The limits that it obeys, the narrowest first.</param>
    public static VirtualResponse Start(params ByteRateLimiter[] limiters)
    {
        var response = new VirtualResponse();
        response.Run(limiters);
        return response;
    }

    private async void Run(ByteRateLimiter[] limiters)
    {
        TokenBucketPacer[] pacers = [.. limiters.Select(limiter => new TokenBucketPacer(limiter))];
        try
        {
            while (true)
            {
                var bytes = (int)pacers.Min(pacer => pacer.WriteSize);
                foreach (var pacer in pacers) await pacer.PaceAsync(bytes, _end.Token).ConfigureAwait(false);
                Sent += bytes;
            }
        }
        catch (OperationCanceledException)
        {
            foreach (var pacer in pacers) pacer.Dispose();
        }
    }

    public bool IsEnded => _end.IsCancellationRequested;

    public void End() => _end.Cancel();
}
