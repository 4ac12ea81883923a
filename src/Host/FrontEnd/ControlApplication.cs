using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Daemons;
using DaemonProxy.Events;
using DaemonProxy.Filters;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Pacing;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// Answers requests on the control socket according to <see cref="ControlJson"/>, and no others. Changes are checked like the
/// configuration.
/// </summary>
internal sealed class ControlApplication(FrontEndServer frontEnd) : IHttpApplication<HttpContext>
{
    private readonly Lock _changes = new();

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(HttpContext context)
    {
        // The status of thousands of routes takes longer to put together than the clients of a socket's thread should have to wait.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await ((context.Request.Method, context.Request.Path.Value) switch
            {
                ("GET", "/v1/status") => AnswerAsync(context, frontEnd.Status.Instance(), ControlJson.Default.InstanceStatus),
                ("GET", "/v1/activity") => AnswerAsync(context, frontEnd.Status.Activity(), ControlJson.Default.InstanceActivity),
                ("GET", "/v1/options") => AnswerAsync(context, frontEnd.Status.Options(), ControlJson.Default.OptionStatusArray),
                ("GET", "/metrics") => MetricsApplication.AnswerAsync(context, frontEnd.Page),
                ("PUT", "/v1/flush-policy") =>
                    ChangeAsync(context, ControlJson.Default.FlushPolicyChange, Change, ControlJson.Default.FlushPolicyStatusArray),
                ("PUT", "/v1/rate-limit") =>
                    ChangeAsync(context, ControlJson.Default.RateLimitChange, Change, ControlJson.Default.RouteStatus),
                ("PUT", "/v1/rate-limit/all") =>
                    ChangeAsync(context, ControlJson.Default.RateLimitChange, ChangeOfAll, ControlJson.Default.InstanceStatus),
                ("PUT", "/v1/embedded-restriction") =>
                    ChangeAsync(context, ControlJson.Default.RestrictionChange, Change, ControlJson.Default.InstanceStatus),
                ("POST", "/v1/restart") => RestartAsync(context),
                ("POST", "/v1/update") => UpdateAsync(context),
                ("POST", "/v1/stop") => ChangeAsync(context, ControlJson.Default.StopRequest, Stop, ControlJson.Default.InstanceStatus),
                var (method, path) => throw new Refusal(StatusCodes.Status404NotFound, $"there is no {method} {path} here"),
            });
        }
        catch (Refusal refusal)
        {
            context.Response.StatusCode = refusal.Status;
            await AnswerAsync(context, new ControlError(refusal.Message), ControlJson.Default.ControlError);
        }
    }

    private static Task AnswerAsync<T>(HttpContext context, T answer, JsonTypeInfo<T> type) =>
        context.Response.WriteAsJsonAsync(answer, type, contentType: "application/json", context.RequestAborted);

    private async Task ChangeAsync<TChange, TAnswer>(
        HttpContext context, JsonTypeInfo<TChange> type, Func<TChange, TAnswer> change, JsonTypeInfo<TAnswer> answerType)
        where TChange : class
    {
        var wanted = await ReadAsync(context, type);
        TAnswer answer;
        lock (_changes) answer = change(wanted);
        await AnswerAsync(context, answer, answerType);
    }

    private static async Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type)
        where T : class
    {
        T? wanted;
        try { wanted = await context.Request.ReadFromJsonAsync(type, context.RequestAborted); }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or BadHttpRequestException)
        {
            throw new Refusal(StatusCodes.Status400BadRequest, $"the request is not what this version takes: {failure.Message}");
        }
        return wanted ?? throw new Refusal(StatusCodes.Status400BadRequest, "the request is empty");
    }

    private FlushPolicyStatus[] Change(FlushPolicyChange change)
    {
        if (change.FlushDelay < TimeSpan.Zero || change.FlushDelay > FlushPolicy.LongestDelay)
            throw Wrong($"response-flush-delay {Units.FormatDuration(change.FlushDelay.Value)} is out of range; it takes 0 to 1h");
        if (change.FlushDeadline < TimeSpan.Zero || change.FlushDeadline > FlushPolicy.LongestDelay)
            throw Wrong($"response-flush-deadline {Units.FormatDuration(change.FlushDeadline.Value)} is out of range; it takes 0 (none) to "
                + "1h");
        if (change.BufferSize < FlushPolicy.SmallestBufferSize)
            throw Wrong($"response-buffer-size {change.BufferSize} is too small; it takes {FlushPolicy.SmallestBufferSize} bytes or more");
        DaemonGroup[] groups = change.Daemon is null ? [.. frontEnd.Served.Groups] : [Group(change.Daemon)];
        foreach (var group in groups)
        {
            var now = group.Policy.Current;
            group.Policy.Current = new(
                change.AutoDelay is true
                    ? FlushPolicy.Auto
                    : change.FlushDelay ?? now.FlushDelay, change.BufferSize ?? now.BufferSize, change.FlushDeadline ?? now.FlushDeadline);
            frontEnd.Log.Write(
                EventCatalogue.SettingChanged, $"flush policy of daemon group '{group.Options.Name}': {TextOf(group.Policy.Current)}",
                ("daemon", group.Options.Name));
        }
        return [.. groups.Select(frontEnd.Status.FlushPolicy)];
    }

    private RouteStatus Change(RateLimitChange change)
    {
        var route = frontEnd.Served.Routes.Routes.FirstOrDefault(route => route.Options.Path == change.Route)
            ?? throw Missing($"there is no route '{change.Route}'", frontEnd.Served.Routes.Routes.Select(route => route.Options.Path));
        Change(change.Direction == RateDirection.Upload ? route.UploadLimits : route.Limits, change, $"route '{route.Options.Path}'");
        return frontEnd.Status.Route(route);
    }

    private InstanceStatus ChangeOfAll(RateLimitChange change)
    {
        Change(change.Direction == RateDirection.Upload ? frontEnd.Served.UploadLimits : frontEnd.Served.Limits, change, "all routes");
        return frontEnd.Status.Instance();
    }

    private void Change(RateLimitSet limits, RateLimitChange change, string of)
    {
        if (change.RateLimit < 0) throw Wrong($"rate-limit {change.RateLimit} is negative; it takes bytes a second, or 0 for none");
        if (!Enum.IsDefined(change.Direction)) throw Wrong($"there is no direction {change.Direction}; it is Download or Upload");
        if (change.RateInitialBurst < 0) throw Wrong($"rate-initial-burst {change.RateInitialBurst} is negative; it takes 0 bytes or more");
        if (change.Pacer is { } pacer && !Enum.IsDefined(pacer)) throw Wrong($"there is no pacer {pacer}");
        try
        {
            var changed = limits.Change(change, of);
            frontEnd.Log.Write(
                EventCatalogue.SettingChanged,
                $"{(change.Direction == RateDirection.Upload ? "upload rate limit" : "rate limit")} of {of}, scope "
                + $"{changed.Scope}: {TextOf(changed.Limit)}", ("route", change.Route));
        }
        catch (RateLimitChangeException refused)
        {
            throw Wrong(refused.Message);
        }
    }

    private static string TextOf(FlushPolicy policy)
    {
        var delay = policy.AdaptsDelay ? "auto" : Units.FormatDuration(policy.FlushDelay);
        var deadline = policy.FlushDeadline == TimeSpan.Zero ? "none" : Units.FormatDuration(policy.FlushDeadline);
        return $"delay {delay}, buffer size {Units.FormatSize(policy.BufferSize)}, deadline {deadline}";
    }

    private static string TextOf(RateLimit limit)
    {
        var burst = limit.InitialBurst > 0 ? $", initial burst {Units.FormatSize(limit.InitialBurst)}" : "";
        return limit.Rate == 0 ? "none" : $"{Units.FormatRate(limit.Rate)}{burst}, {PacerTable.Get(limit.Pacer).Name}";
    }

    private InstanceStatus Change(RestrictionChange change)
    {
        frontEnd.Embedded.Setting = change.On;
        frontEnd.Log.Write(
            EventCatalogue.SettingChanged,
            $"restrict-embedded: {(change.On switch { true => "on", false => "off", null => "never set" })}");
        return frontEnd.Status.Instance();
    }

    private async Task RestartAsync(HttpContext context)
    {
        var request = await ReadAsync(context, ControlJson.Default.RestartRequest);
        try
        {
            if (request.Daemon is null) await frontEnd.RestartAsync(request.Within, context.RequestAborted);
            else await frontEnd.Served.RestartAsync(Group(request.Daemon), request.Within, context.RequestAborted);
        }
        catch (ConfigurationException mistakes)
        {
            throw Wrong($"nothing was changed, for the configuration has mistakes:\n{string.Join('\n', mistakes.Errors)}");
        }
        catch (ServerStartException failure)
        {
            throw Wrong($"nothing was changed: {failure.Message}");
        }
        await AnswerAsync(context, frontEnd.Status.Instance(), ControlJson.Default.InstanceStatus);
    }

    private async Task UpdateAsync(HttpContext context)
    {
        var request = await ReadAsync(context, ControlJson.Default.UpdateRequest);
        InstanceStatus status;
        try { status = await frontEnd.UpdateAsync(request.Program, request.Within, context.RequestAborted); }
        catch (ServerStartException failure)
        {
            throw Wrong($"'{frontEnd.Name}' serves as before: {failure.Message}");
        }
        // The next request on the control socket is the new process's.
        context.Response.Headers.Connection = "close";
        await AnswerAsync(context, status, ControlJson.Default.InstanceStatus);
    }

    private DaemonGroup Group(string name) =>
        frontEnd.Served.GroupOf(name)
            ?? throw Missing($"there is no daemon group '{name}'", frontEnd.Served.Groups.Select(group => group.Options.Name));

    private InstanceStatus Stop(StopRequest request)
    {
        if (request.DrainTimeout < TimeSpan.Zero || request.DrainTimeout > TimeSpan.FromHours(1))
            throw Wrong($"the drain timeout {request.DrainTimeout} is out of range; it takes 0 to 1h");
        frontEnd.RequestStop(request.DrainTimeout);
        return frontEnd.Status.Instance() with { State = nameof(InstanceState.Draining) };
    }

    private static Refusal Wrong(string message) => new(StatusCodes.Status400BadRequest, message);

    private static Refusal Missing(string message, IEnumerable<string> there) =>
        new(StatusCodes.Status404NotFound, $"{message}; there are: {string.Join(", ", there)}");

    private sealed class Refusal(int status, string message) : Exception(message)
    {
        public int Status { get; } = status;
    }
}
