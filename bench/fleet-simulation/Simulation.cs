using DaemonProxy.Configuration;
using DaemonProxy.Tests.Fleet;
using StackExchange.Redis;

namespace DaemonProxy.FleetSimulation;

/// <summary>Members with a total limit and limits by client, whose clients come and go.</summary>
internal sealed class Simulation
{
    private const string Total = "total";
    private const long OfClient = 64 << 10;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MeanLife = TimeSpan.FromSeconds(4);

    private readonly Random _random = new(1);
    private readonly VirtualTime _time = new();
    private readonly VirtualServer _server;
    private readonly ConnectionMultiplexer _connection;
    private readonly VirtualMember[] _members;
    private readonly int _clients;
    private readonly int _active;
    private readonly long _rate;
    private readonly List<(VirtualResponse Response, VirtualMember Member, string Client, long End)> _running = [];
    private readonly List<(VirtualResponse Response, VirtualMember Member, string Client, long Begin)> _waiting = [];
    private readonly List<double> _waits = [];
    private readonly List<double> _sent = [];
    private double _serverSeconds;
    private long _ended;

    public Simulation(ConnectionMultiplexer connection, int members, int clients, int active)
    {
        (_connection, _clients, _active) = (connection, clients, active);
        // Two thirds of what the clients' own limits let through: the total is what most are held by.
        _rate = active * OfClient * 2 / 3;
        _server = new VirtualServer(connection, _time);
        var options = new FleetOptions { Redis = new FleetAddress("/", null, 0, 0, false) };
        _members = [.. Enumerable.Range(0, members).Select(i => new VirtualMember(
            $"member{i}", options, _time, _server, () => TimeSpan.FromMilliseconds(1 + _random.NextDouble() * 49)))];
    }

    public int Responses => _running.Count;

    public long Churn { get; private set; }

    public double MostShare { get; private set; }

    public double MostOfClient { get; private set; }

    public double Least => _sent.Min() / _rate;

    public double Mean => _sent.Average() / _rate;

    public double Most => _sent.Max() / _rate;

    public long Calls { get; private set; }

    public double LimitsPerCall { get; private set; }

    public long MostKeys { get; private set; }

    public double ServerSeconds => _serverSeconds;

    /// <summary>How long responses waited for the first share of their limits, ms.</summary>
    public double Wait(double quantile) => _waits.Order().ElementAt((int)(quantile * (_waits.Count - 1)));

    public void Run(int seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        while (_running.Count < _active * 3 / 2) Begin();
        Advance(TimeSpan.FromSeconds(3), measures: false);
        Churn = 0;
        _waits.Clear();
        var (calls, limits, cpu) = (_server.Calls, _server.Limits, Cpu());
        for (var second = 0; second < seconds; second++)
        {
            var before = Sent();
            Advance(TimeSpan.FromSeconds(1), measures: true);
            _sent.Add(Sent() - before);
        }
        Calls = _server.Calls - calls;
        LimitsPerCall = (double)(_server.Limits - limits) / Calls;
        _serverSeconds = Cpu() - cpu;
    }

    private void Advance(TimeSpan time, bool measures)
    {
        for (var left = time; left > TimeSpan.Zero; left -= Step)
        {
            _time.Advance(Step);
            for (var i = _running.Count - 1; i >= 0; i--)
            {
                if (_running[i].End > _time.GetTimestamp()) continue;
                _running[i].Response.End();
                _ended += _running[i].Response.Sent;
                _running.RemoveAt(i);
                Begin();
                Churn++;
            }
            NoteWaits();
            if (measures) Measure();
        }
    }

    private void Begin()
    {
        var (client, member) = ($"client{_random.Next(_clients)}", _members[_random.Next(_members.Length)]);
        var life = -Math.Log(1 - _random.NextDouble()) * MeanLife;
        _running.Add((member.Respond((client, OfClient), (Total, _rate)), member, client, _time.GetTimestamp() + life.Ticks));
        if (member.Shares[client].Share == 0 || member.Shares[Total].Share == 0) _waiting.Add((_running[^1].Response, member, client, _time.GetTimestamp()));
    }

    private void NoteWaits() => _waiting.RemoveAll(waiting =>
    {
        if (waiting.Response.IsEnded) return true;
        if (waiting.Member.Shares[waiting.Client].Share == 0 || waiting.Member.Shares[Total].Share == 0) return false;
        _waits.Add(_time.GetElapsedTime(waiting.Begin).TotalMilliseconds);
        return true;
    });

    private void Measure()
    {
        MostShare = Math.Max(MostShare, _members.Sum(member => member.Shares.TryGetValue(Total, out var share) ? share.Share : 0) / (double)_rate);
        var ofClients = _running.Select(running => (running.Member, running.Client)).Distinct()
            .GroupBy(pair => pair.Client, pair => pair.Member.Shares[pair.Client].Share);
        MostOfClient = Math.Max(MostOfClient, ofClients.Max(shares => shares.Sum()) / (double)OfClient);
        MostKeys = Math.Max(MostKeys, (long)_connection.GetDatabase().Execute("DBSIZE"));
    }

    private double Sent() => _ended + _running.Sum(running => (double)running.Response.Sent);

    /// <summary>The seconds of processor time that the server has used.</summary>
    private double Cpu() => _connection.GetServers()[0].Info("cpu")[0]
        .Where(pair => pair.Key is "used_cpu_user" or "used_cpu_sys").Sum(pair => double.Parse(pair.Value));
}
