using System.Net.Sockets;
using System.Text.Json;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Pacing;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace DaemonProxy.Tests.Control;

public sealed class ControlClientTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Name_that_is_not_running_says_what_is()
    {
        using var client = new ControlClient("site", _scratch.Runtime);
        var alone = await Assert.ThrowsAsync<ControlException>(() => client.GetStatusAsync());
        Assert.Equal(ControlFailure.NotRunning, alone.Failure);
        Assert.Equal("no front end named 'site' is running, nor any other; start one with daemonproxy serve, or Start-DaemonProxy in PowerShell", alone.Message);

        using var a = InstanceDirectory.Acquire("a", _scratch.Runtime);
        using var b = InstanceDirectory.Acquire("b", _scratch.Runtime);
        var others = await Assert.ThrowsAsync<ControlException>(() => client.GetStatusAsync());
        Assert.Equal("no front end named 'site' is running; running now: a, b", others.Message);
    }

    [Fact]
    public async Task Socket_of_a_dead_front_end_counts_as_not_running_and_is_cleared()
    {
        Directory.CreateDirectory(_scratch.File("site"));
        File.WriteAllText(_scratch.File("site", "instance.lock"), "");
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            dead.Bind(new UnixDomainSocketEndPoint(_scratch.File("site", "control.sock")));
        using var client = new ControlClient("site", _scratch.Runtime);

        var error = await Assert.ThrowsAsync<ControlException>(() => client.GetStatusAsync());

        Assert.Equal(ControlFailure.NotRunning, error.Failure);
        Assert.False(Directory.Exists(_scratch.File("site")));
    }

    [Fact]
    public async Task Front_end_that_has_no_socket_yet_is_unreachable_and_not_absent()
    {
        using var starting = InstanceDirectory.Acquire("site", _scratch.Runtime);
        using var client = new ControlClient("site", _scratch.Runtime);

        var error = await Assert.ThrowsAsync<ControlException>(() => client.GetStatusAsync());

        Assert.Equal(ControlFailure.Unreachable, error.Failure);
        Assert.Contains("try again", error.Message);
    }

    [Fact]
    public async Task Status_comes_back_as_the_front_end_gave_it()
    {
        var limit = new RateLimitStatus
        {
            Name = "site",
            Route = "/",
            Index = 1,
            Rate = 1,
            InitialBurst = 2,
            Pacer = nameof(PacerKind.Interval),
            Scope = nameof(RateScope.Route),
            Methods = ["GET"],
            Paths = ["/a"],
            MinimumSize = 5,
        };
        var status = ControlServer.Status("site") with { Routes = [new RouteStatus { Name = "site", Route = "/", RateLimits = [limit] }] };
        await using var server = await ControlServer.StartAsync(_scratch.Runtime, "site", (context, _) =>
            AnswerAsync(context, "GET /v1/status", JsonSerializer.Serialize(status, ControlJson.Default.InstanceStatus)));
        using var client = new ControlClient("site", _scratch.Runtime);

        var received = await client.GetStatusAsync();

        Assert.Equal(Json(status), Json(received));
        Assert.Equal(status.Uris, received.Uris);
    }

    private static string Json(InstanceStatus status) => JsonSerializer.Serialize(status, ControlJson.Default.InstanceStatus);

    [Fact]
    public async Task Change_sends_what_is_given_and_leaves_the_rest_out()
    {
        var body = "";
        await using var server = await ControlServer.StartAsync(_scratch.Runtime, "site", async (context, _) =>
        {
            body = await new StreamReader(context.Request.Body).ReadToEndAsync();
            await AnswerAsync(context, "PUT /v1/flush-policy", "[]");
        });
        using var client = new ControlClient("site", _scratch.Runtime);

        Assert.Empty(await client.SetFlushPolicyAsync(new FlushPolicyChange { FlushDelay = TimeSpan.FromMilliseconds(5) }));

        Assert.Equal("""{"flushDelay":"00:00:00.0050000"}""", body);
    }

    [Fact]
    public async Task Refusal_is_the_front_ends_own_sentence()
    {
        await using var server = await ControlServer.StartAsync(_scratch.Runtime, "site", (context, _) =>
        {
            context.Response.StatusCode = 404;
            return context.Response.WriteAsJsonAsync(new { message = "there is no route '/x'; the routes are: /" });
        });
        using var client = new ControlClient("site", _scratch.Runtime);

        var refused = await Assert.ThrowsAsync<ControlException>(() => client.SetRateLimitAsync(new RateLimitChange { Route = "/x" }));

        Assert.Equal(ControlFailure.NotFound, refused.Failure);
        Assert.Equal("there is no route '/x'; the routes are: /", refused.Message);
    }

    [Fact]
    public async Task Answer_that_makes_no_sense_is_unreachable_and_not_a_stack_trace()
    {
        await using var server = await ControlServer.StartAsync(
            _scratch.Runtime, "site", (context, _) => AnswerAsync(context, "GET /v1/status", "<html>"));
        using var client = new ControlClient("site", _scratch.Runtime);

        var error = await Assert.ThrowsAsync<ControlException>(() => client.GetStatusAsync());

        Assert.Equal(ControlFailure.Unreachable, error.Failure);
    }

    [Fact]
    public async Task Front_end_that_does_not_answer_is_given_up_at_the_limit()
    {
        await using var server = await ControlServer.StartAsync(
            _scratch.Runtime, "site", (context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var client = new ControlClient("site", _scratch.Runtime) { Timeout = TimeSpan.FromMilliseconds(100) };

        var error = await Assert.ThrowsAsync<ControlException>(() => client.GetStatusAsync());

        Assert.Equal(ControlFailure.TimedOut, error.Failure);
    }

    [Fact]
    public async Task Stopping_returns_when_the_name_is_free()
    {
        InstanceDirectory? held = null;
        await using var server = await ControlServer.StartAsync(_scratch.Runtime, "site", (context, instance) =>
        {
            held = instance;
            return AnswerAsync(
                context, "POST /v1/stop", JsonSerializer.Serialize(ControlServer.Status("site"), ControlJson.Default.InstanceStatus));
        });
        using var client = new ControlClient("site", _scratch.Runtime);

        var stop = client.StopAsync(TimeSpan.FromSeconds(60));
        while (held is null)
            await Task.Yield();
        Assert.NotSame(stop, await Task.WhenAny(stop, Task.Delay(100)));
        held.Dispose();

        Assert.Equal("site", (await stop).Name);
    }

    private static Task AnswerAsync(HttpContext context, string request, string json)
    {
        Assert.Equal(request, $"{context.Request.Method} {context.Request.Path}");
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json);
    }
}
