using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using DaemonProxy.Platform;

namespace DaemonProxy.Control;

/// <summary>
/// Talks to a running front end through its control socket (<see cref="ControlJson"/>). Every failure is a <see cref="ControlException"/>
/// with a sentence for the person who asked.
/// </summary>
public sealed class ControlClient : IDisposable
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    // In addition to the drain: the daemons' shutdown-timeout (5 s), then the end of the process itself.
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(15);

    private readonly RuntimeDirectory? _runtime;
    private readonly bool _isNamed;
    private readonly HttpClient? _http;

    /// <summary>Creates a client for the front end with a name; it connects on the first request.</summary>
    /// <param name="name">The front end's name.</param>
    /// <param name="runtime">The runtime directory that holds the front end's folder; null: the user's own.</param>
    /// <exception cref="ControlException">The name is not valid, or the runtime directory cannot be used.</exception>
    public ControlClient(string name, RuntimeDirectory? runtime = null)
    {
        Name = InstanceDirectory.CheckedName(name);
        _isNamed = runtime is not null;
        _runtime = runtime ?? InstanceDirectory.DirectoryOf(name);
        if (_runtime is null)
            return;
        var socket = InstanceDirectory.ControlSocketOf(name, _runtime);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = (_, cancellationToken) => ConnectAsync(socket, cancellationToken),
        };
        _http = new HttpClient(handler) { BaseAddress = new Uri("http://control/"), Timeout = System.Threading.Timeout.InfiniteTimeSpan };
    }

    /// <summary>The front end's name.</summary>
    public string Name { get; }

    /// <summary>How long a request to the control socket may take. Default 10 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Returns the front end's status.</summary>
    /// <exception cref="ControlException">It is not running, or does not answer.</exception>
    public Task<InstanceStatus> GetStatusAsync(CancellationToken cancellationToken = default) =>
        AskAsync(HttpMethod.Get, "v1/status", null, ControlJson.Default.InstanceStatus, cancellationToken);

    /// <summary>Returns the front end's status and the requests that it is serving.</summary>
    /// <exception cref="ControlException">It is not running, or does not answer.</exception>
    public Task<InstanceActivity> GetActivityAsync(CancellationToken cancellationToken = default) =>
        AskAsync(HttpMethod.Get, "v1/activity", null, ControlJson.Default.InstanceActivity, cancellationToken);

    /// <summary>Returns the options in force for every daemon group.</summary>
    /// <exception cref="ControlException">It is not running, or does not answer.</exception>
    public async Task<IReadOnlyList<OptionStatus>> GetOptionsAsync(CancellationToken cancellationToken = default) =>
        await AskAsync(HttpMethod.Get, "v1/options", null, ControlJson.Default.OptionStatusArray, cancellationToken).ConfigureAwait(false);

    /// <summary>Changes the flush policy of one daemon group, or of all; returns the policies of the changed groups.</summary>
    /// <exception cref="ControlException">It is not running, does not answer, or refuses the change.</exception>
    public async Task<IReadOnlyList<FlushPolicyStatus>> SetFlushPolicyAsync(
        FlushPolicyChange change, CancellationToken cancellationToken = default) =>
        await AskAsync(HttpMethod.Put, "v1/flush-policy", JsonContent.Create(change, ControlJson.Default.FlushPolicyChange),
            ControlJson.Default.FlushPolicyStatusArray, cancellationToken).ConfigureAwait(false);

    /// <summary>Changes a route's rate limit, including for responses in flight; returns the route.</summary>
    /// <exception cref="ControlException">It is not running, does not answer, or refuses the change.</exception>
    public Task<RouteStatus> SetRateLimitAsync(RateLimitChange change, CancellationToken cancellationToken = default) =>
        AskAsync(HttpMethod.Put, "v1/rate-limit", JsonContent.Create(change, ControlJson.Default.RateLimitChange),
            ControlJson.Default.RouteStatus, cancellationToken);

    /// <summary>Changes a rate limit that spans all routes.</summary>
    /// <returns>The front end's status after the change.</returns>
    public Task<InstanceStatus> SetRateLimitOfAllAsync(RateLimitChange change, CancellationToken cancellationToken = default) =>
        AskAsync(HttpMethod.Put, "v1/rate-limit/all", JsonContent.Create(change, ControlJson.Default.RateLimitChange),
            ControlJson.Default.InstanceStatus, cancellationToken);

    /// <summary>Restricts embedded mode, or allows it (behaviour.md, section 3).</summary>
    /// <exception cref="ControlException">It is not running, does not answer, or refuses the change.</exception>
    public Task<InstanceStatus> SetRestrictionAsync(bool? on, CancellationToken cancellationToken = default) =>
        AskAsync(HttpMethod.Put, "v1/embedded-restriction",
            JsonContent.Create(new RestrictionChange(on), ControlJson.Default.RestrictionChange),
            ControlJson.Default.InstanceStatus, cancellationToken);

    /// <summary>
    /// Replaces daemons gracefully: those of one group or, after reading the configuration again, all of them. Returns the status once the
    /// new ones serve.
    /// </summary>
    /// <exception cref="ControlException">It is not running, does not answer, or could not restart; nothing has changed then.</exception>
    public Task<InstanceStatus> RestartAsync(string? daemon, CancellationToken cancellationToken = default) =>
        RestartAsync(daemon, within: null, cancellationToken);

    /// <summary>The same with a limit for the new daemons.</summary>
    /// <param name="daemon">One group; null: all, and the configuration is read again.</param>
    /// <param name="within">How long the new daemons may take; null: as long as each group's own limit. Keep it well below
    /// <see cref="Timeout"/>, so that the front end can say which group is late.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <exception cref="ControlException">It is not running, does not answer, or could not restart; nothing has changed then.</exception>
    public Task<InstanceStatus> RestartAsync(string? daemon, TimeSpan? within, CancellationToken cancellationToken = default) =>
        AskAsync(HttpMethod.Post, "v1/restart", JsonContent.Create(new RestartRequest(daemon, within), ControlJson.Default.RestartRequest),
            ControlJson.Default.InstanceStatus, cancellationToken);

    /// <summary>
    /// Replaces the front end's process by a new one, which reads the configuration again and takes over the listening sockets: no
    /// connection is refused and none is broken. Returns the status of the new process once it serves.
    /// </summary>
    /// <param name="program">Full path of the host to start; null: the one that the front end was started with.</param>
    /// <param name="within">How long the new daemons may take; null: as long as each group's own limit. Keep it well below
    /// <see cref="Timeout"/>, so that the front end can say which group is late.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    /// <exception cref="ControlException">It is not running, does not answer, or could not be replaced; nothing has changed
    /// then.</exception>
    public Task<InstanceStatus> UpdateAsync(string? program, TimeSpan? within, CancellationToken cancellationToken = default) =>
        AskAsync(HttpMethod.Post, "v1/update", JsonContent.Create(new UpdateRequest(program, within), ControlJson.Default.UpdateRequest),
            ControlJson.Default.InstanceStatus, cancellationToken);

    /// <summary>Stops the front end and returns its last status once its process has ended.</summary>
    /// <param name="drainTimeout">Requests still in flight after this are cut off; &gt;= 0.</param>
    /// <param name="cancellationToken">Ends the wait; the front end stops regardless.</param>
    /// <exception cref="ControlException">It is not running, does not answer, or has not ended in time.</exception>
    public async Task<InstanceStatus> StopAsync(TimeSpan drainTimeout, CancellationToken cancellationToken = default)
    {
        var status = await AskAsync(
            HttpMethod.Post, "v1/stop", JsonContent.Create(new StopRequest(drainTimeout), ControlJson.Default.StopRequest),
            ControlJson.Default.InstanceStatus, cancellationToken).ConfigureAwait(false);
        var start = Stopwatch.GetTimestamp();
        while (InstanceDirectory.IsRunning(Name, _runtime) || ProcessLife.IsRunning(status.ProcessId))
        {
            if (Stopwatch.GetElapsedTime(start) > drainTimeout + EndLimit)
                throw new ControlException(
                    $"'{Name}' has not ended {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s after it was told to; end its process "
                        + $"{status.ProcessId} by hand",
                    ControlFailure.TimedOut);
            await Task.Delay(BetweenLooks, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }

        return status;
    }

    /// <inheritdoc/>
    public void Dispose() => _http?.Dispose();

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<T> AskAsync<T>(
        HttpMethod method, string path, HttpContent? body, JsonTypeInfo<T> answer, CancellationToken cancellationToken)
    {
        if (_http is null)
            throw NotRunning();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Timeout);
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = body };
            using var response = await _http.SendAsync(request, limit.Token).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
                throw await RefusalAsync(response, limit.Token).ConfigureAwait(false);
            return await response.Content.ReadFromJsonAsync(answer, limit.Token).ConfigureAwait(false)
                ?? throw new JsonException("an empty answer");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ControlException(
                $"'{Name}' has not answered on its control socket for {Timeout.TotalSeconds:0} s; its event log may say why",
                ControlFailure.TimedOut);
        }
        catch (Exception error) when (error is HttpRequestException or JsonException or IOException)
        {
            if (!InstanceDirectory.IsRunning(Name, _runtime))
                throw NotRunning();
            throw new ControlException(
                $"'{Name}' is running and its control socket does not answer as it should ({Innermost(error).TrimEnd('.')}); if it has "
                    + "just been started or stopped, try again",
                ControlFailure.Unreachable, error);
        }
    }

    private async Task<ControlException> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var failure = response.StatusCode is HttpStatusCode.NotFound ? ControlFailure.NotFound : ControlFailure.Refused;
        if (response.Content.Headers.ContentType?.MediaType == "application/json"
            && await response.Content.ReadFromJsonAsync(ControlJson.Default.ControlError, cancellationToken).ConfigureAwait(false)
                is { Message.Length: > 0 } error)
            return new ControlException(error.Message, failure);
        return new ControlException(
            $"'{Name}' answered {(int)response.StatusCode} without a reason; its version may not be this module's", failure);
    }

    private ControlException NotRunning()
    {
        var running = InstanceDirectory.List(_isNamed ? _runtime : null);
        var others = running.Count == 0
            ? ", nor any other; start one with daemonproxy serve, or Start-DaemonProxy in PowerShell"
            : $"; running now: {string.Join(", ", running)}";
        return new ControlException($"no front end named '{Name}' is running{others}", ControlFailure.NotRunning);
    }

    private static string Innermost(Exception error) => error.InnerException is { } inner ? Innermost(inner) : error.Message;
}
