using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using DaemonProxy.Configuration;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using DaemonProxy.Platform;
using DaemonProxy.Statistics;
using DaemonProxy.Tests.Configuration;
using DaemonProxy.Tests.Timing;
using Xunit;

namespace DaemonProxy.Tests.Daemons;

/// <summary>A group of several servers that somebody else runs, on real sockets and a clock that the test turns.</summary>
public sealed class ExternalAddressesTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly WatchedTime _time = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("dpx-").FullName;
    private readonly List<(string Name, string? Reason)> _changes = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private DaemonAddress Address(string name) => new(Path.Combine(_folder, name), null, 0);

    private DaemonGroup Group(params string[] names)
    {
        var options = new DaemonGroupOptions
        {
            Name = "app",
            Source = DaemonSource.Address,
            Addresses = [.. names.Select(Address)],
            KeepaliveUnrepeatable = true,
        };
        return new DaemonGroup(options, _time, new StatisticsBook().Group("app"), new ConnectionBudget(null))
        {
            AddressChanged = (address, reason) =>
            {
                lock (_changes) _changes.Add((Path.GetFileName(address.UnixSocket!), reason));
            },
        };
    }

    private Server Start(string name) => new(Path.Combine(_folder, name));

    /// <summary>Sends a request; gives the name of the server that has answered.</summary>
    private static async Task<string> AskAsync(DaemonGroup group, string method = "GET")
    {
        await using var exchange = await SendAsync(group, method);
        return exchange.Head.Headers.First(header => header.Key == "Server").Value;
    }

    private static async Task<DaemonExchange> SendAsync(DaemonGroup group, string method = "GET")
    {
        using var head = new RequestHead();
        head.Start(method, "/", "a");
        head.End(RequestFraming.None);
        var exchange = await group.SendAsync(new DaemonRequest { Head = head, Repeatable = method == "GET" }, CancellationToken.None)
            .AsTask().WaitAsync(Patience);
        Assert.True(exchange.Connection.TryRead(out var block) && block.End);
        return exchange;
    }

    private static DaemonState[] States(DaemonGroup group) => [.. group.AddressStatus.Select(address => Enum.Parse<DaemonState>(address.State))];

    private (string Name, string? Reason)[] Changes()
    {
        lock (_changes) return [.. _changes];
    }

    private async Task UntilAsync(Func<bool> holds, double stepSeconds = 0)
    {
        for (var start = Stopwatch.StartNew(); !holds() && start.Elapsed < Patience;)
        {
            if (stepSeconds > 0) _time.Advance(TimeSpan.FromSeconds(stepSeconds));
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
        Assert.True(holds());
    }

    [Fact]
    public async Task Each_request_goes_to_the_least_busy_server_and_each_has_its_own_resting_connections()
    {
        using var a = Start("a");
        using var b = Start("b");
        using var c = Start("c");
        using var group = Group("a", "b", "c");
        var open = new List<DaemonExchange>();
        for (var i = 0; i < 6; i++) open.Add(await SendAsync(group));
        Assert.Equal([2, 2, 2], group.AddressStatus.Select(address => address.ActiveRequests));
        foreach (var exchange in open) await exchange.DisposeAsync();
        for (var i = 0; i < 30; i++) await AskAsync(group);
        Assert.Equal([12, 12, 12], group.AddressStatus.Select(address => (int)address.Requests));
        Assert.Equal([2, 2, 2], new[] { a, b, c }.Select(server => server.Connections));
        Assert.Equal([DaemonState.Ready, DaemonState.Ready, DaemonState.Ready], States(group));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task Request_moves_to_another_server_at_once_and_the_failed_one_is_left_out(string method)
    {
        using var b = Start("b");
        using var group = Group("a", "b");
        // The clock does not move: no request waits for anything.
        for (var i = 0; i < 10; i++) Assert.Equal("b", await AskAsync(group, method));
        Assert.Equal([DaemonState.BackingOff, DaemonState.Ready], States(group));
        Assert.Equal(DaemonState.External, group.ExternalState);
        Assert.Equal("a", Assert.Single(Changes()).Name);
        Assert.NotNull(Changes()[0].Reason);
        Assert.Equal(1, group.AddressStatus[0].Requests);
    }

    [Fact]
    public async Task Server_that_was_left_out_is_tried_again_with_growing_pauses_and_comes_back()
    {
        using var b = Start("b");
        using var group = Group("a", "b");
        await AskAsync(group);
        await AskAsync(group);
        Assert.Equal([DaemonState.BackingOff, DaemonState.Ready], States(group));
        using (var a = Start("a"))
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
            Assert.Equal(0, a.Connections);
            _time.Advance(TimeSpan.FromSeconds(1));
            await UntilAsync(() => States(group)[0] == DaemonState.Ready);
            // Found out by the front end itself, not by a request.
            await UntilAsync(() => a.Connections == 1);
            Assert.Equal(0, a.Requests);
            Assert.Equal([("a", false), ("a", true)], Changes().Select(change => (change.Name, change.Reason is null)));
            Assert.Contains("a", new[] { await AskAsync(group), await AskAsync(group), await AskAsync(group), await AskAsync(group) });
        }
    }

    [Fact]
    public async Task Pauses_double()
    {
        using var b = Start("b");
        using var group = Group("a", "b");
        await AskAsync(group);
        await AskAsync(group);
        // After 1 s, 2 s and 4 s it fails again; the next attempt is 8 s later.
        foreach (var pause in new[] { 1, 2, 4 })
        {
            _time.Advance(TimeSpan.FromSeconds(pause));
            // The attempt is made on another thread, and has to have failed before its next pause begins.
            await UntilAsync(() => _time.IsDueIn(TimeSpan.FromSeconds(pause * 2)));
        }
        using var a = Start("a");
        _time.Advance(TimeSpan.FromSeconds(7.9));
        await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.Equal(DaemonState.BackingOff, States(group)[0]);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        await UntilAsync(() => States(group)[0] == DaemonState.Ready);
    }

    [Fact]
    public async Task When_none_can_be_connected_to_a_request_waits_for_connect_timeout_and_then_gets_the_reason()
    {
        using var group = Group("a", "b");
        var request = SendAsync(group);
        await UntilAsync(() => request.IsCompleted, 0.5);
        var failure = await Assert.ThrowsAsync<BrokenResponseException>(() => request);
        Assert.Equal(EventCatalogue.ConnectTimeout, failure.Reason);
        Assert.Equal([DaemonState.BackingOff, DaemonState.BackingOff], States(group));
        Assert.Equal(DaemonState.BackingOff, group.ExternalState);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    public async Task First_that_is_back_serves_the_request_that_waits(string back)
    {
        using var group = Group("a", "b");
        var request = AskAsync(group);
        await UntilAsync(() => States(group).All(state => state == DaemonState.BackingOff));
        using var server = Start(back);
        await UntilAsync(() => request.IsCompleted, 0.1);
        Assert.Equal(back, await request);
        Assert.Equal(back, await AskAsync(group));
        Assert.Equal(DaemonState.Ready, States(group)[back == "a" ? 0 : 1]);
    }

    [Fact]
    public async Task Server_that_dies_in_service_is_left_out_and_its_resting_connections_are_not_used()
    {
        using var b = Start("b");
        using var group = Group("a", "b");
        using (var a = Start("a"))
        {
            for (var i = 0; i < 4; i++) await AskAsync(group);
        }
        for (var i = 0; i < 10; i++) Assert.Equal("b", await AskAsync(group));
        Assert.Equal([DaemonState.BackingOff, DaemonState.Ready], States(group));
    }

    [Fact]
    public async Task Reload_keeps_what_is_known_of_addresses_that_stay()
    {
        using var b = Start("b");
        using var c = Start("c");
        using var before = Group("a", "b");
        for (var i = 0; i < 3; i++) await AskAsync(before);
        using var after = Group("b", "a", "c");
        after.TakeOver(before);
        Assert.Equal([DaemonState.Ready, DaemonState.BackingOff, DaemonState.Ready], States(after));
        for (var i = 0; i < 6; i++) await AskAsync(after);
        // The connection that rested is used again; one that has never been there is made.
        Assert.Equal((1, 1), (b.Connections, c.Connections));
        Assert.Equal(0, after.AddressStatus[1].Requests);
    }

    [Fact]
    public void List_with_one_address_is_that_address()
    {
        var group = ConfigurationText.Read("daemons: [ { name: a, addresses: [ http://10.0.0.1:9000 ] } ]").Daemons[0];
        Assert.Equal(("http://10.0.0.1:9000", DaemonSource.Address), (group.Address?.ToString(), group.Source));
        Assert.Empty(group.Addresses);
        var several = ConfigurationText.Read("daemons: [ { name: a, addresses: [ http://10.0.0.1:9000, unix:/run/b.sock ] } ]").Daemons[0];
        Assert.Null(several.Address);
        Assert.Equal(["http://10.0.0.1:9000", "unix:/run/b.sock"], several.AllAddresses.Select(address => $"{address}"));
    }

    [Theory]
    [InlineData("addresses: [ http://a:1, http://b:2, http://a:1 ]", "addresses: 'http://a:1' is there twice, first in line 1")]
    [InlineData("addresses: []", "addresses: the list is empty; write for example [ http://10.0.0.1:9000, http://10.0.0.2:9000 ]")]
    [InlineData("address: http://a:1, addresses: [ http://b:2 ]", "a daemon group has one source, and 'address' in line 1 is it already")]
    [InlineData("addresses: [ http://a:1, http://b:0 ]", "has port 0, to which nothing can connect")]
    [InlineData("addresses: [ http://a:1, http://b:2 ], processes: 3", "processes is for daemons that the front end starts")]
    public void Mistakes_are_told(string keys, string expected)
    {
        var mistakes = Assert.Throws<ConfigurationException>(() => ConfigurationText.Read($"daemons: [ {{ name: x, {keys} }} ]")).Errors;
        Assert.Contains(expected, Assert.Single(mistakes).Message);
    }

    /// <summary>A server that answers every request with its name.</summary>
    private sealed class Server : IDisposable
    {
        private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        private readonly List<Socket> _clients = [];
        private readonly string _path;
        private int _connections;
        private int _requests;

        public Server(string path)
        {
            _path = path;
            _listener.Bind(new UnixDomainSocketEndPoint(path));
            _listener.Listen();
            _ = AcceptAsync();
        }

        public int Connections => Volatile.Read(ref _connections);

        public int Requests => Volatile.Read(ref _requests);

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    var client = await _listener.AcceptAsync();
                    lock (_clients) _clients.Add(client);
                    Interlocked.Increment(ref _connections);
                    _ = ServeAsync(client);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The end of the server.
            }
        }

        private async Task ServeAsync(Socket client)
        {
            var answer = Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nServer: {Path.GetFileName(_path)}\r\nContent-Length: 0\r\n\r\n");
            var buffer = new byte[4096];
            try
            {
                while (await client.ReceiveAsync(buffer) > 0)
                {
                    Interlocked.Increment(ref _requests);
                    await client.SendAsync(answer);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The end of the connection.
            }
        }

        public void Dispose()
        {
            _listener.Dispose();
            lock (_clients) _clients.ForEach(client => client.Dispose());
            File.Delete(_path);
        }
    }
}
