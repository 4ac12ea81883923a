using System.Globalization;
using System.Net;
using DaemonProxy.Events;
using DaemonProxy.Platform;

namespace DaemonProxy.Host.Telemetry;

/// <summary>
/// What an exporter sends its requests through: notices when a collector does not take them, which the exporter itself tells nobody but a
/// debugger. One event says so, until the collector takes something again.
/// </summary>
/// <param name="what">What is sent: "spans".</param>
/// <param name="headers">Headers for the collector, which the exporter's own notation cannot all express.</param>
/// <param name="log">Receives the event.</param>
internal sealed class ExportWatch(string what, IReadOnlyList<KeyValuePair<string, string>> headers, EventLog log)
    : DelegatingHandler(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        // What is sent for a trace is part of none.
        ActivityHeadersPropagator = null,
    })
{
    private int _failing;

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Prepare(request);
        try { return Looked(request, base.Send(request, cancellationToken)); }
        catch (Exception failure)
        {
            Say(request, Words(failure));
            throw;
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Prepare(request);
        try { return Looked(request, await base.SendAsync(request, cancellationToken)); }
        catch (Exception failure)
        {
            Say(request, Words(failure));
            throw;
        }
    }

    private void Prepare(HttpRequestMessage request)
    {
        // The environment may have named the address as well. Without this library the first use of TLS ends the process.
        if (request.RequestUri?.Scheme == Uri.UriSchemeHttps && OpenSsl.Missing is { } missing)
        {
            Say(request, missing);
            throw new HttpRequestException(missing);
        }
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
    }

    private HttpResponseMessage Looked(HttpRequestMessage request, HttpResponseMessage response)
    {
        // gRPC answers 200 to everything; a refusal that comes without a message has its status among the headers.
        var refusal = response.Headers.TryGetValues("grpc-status", out var statuses) && statuses.FirstOrDefault() is { } code and not "0"
            ? $"gRPC status {code}" : response.StatusCode >= HttpStatusCode.MultipleChoices
            ? string.Create(CultureInfo.InvariantCulture, $"status {(int)response.StatusCode}") : null;
        if (refusal is null) Volatile.Write(ref _failing, 0);
        else Say(request, $"it answers {refusal}");
        return response;
    }

    private static string Words(Exception failure) =>
        failure is OperationCanceledException ? "it does not answer in time" : failure.Message.TrimEnd('.');

    private void Say(HttpRequestMessage request, string why)
    {
        if (Interlocked.Exchange(ref _failing, 1) == 0)
            log.Write(EventCatalogue.TelemetryNotSent, $"{what} to {request.RequestUri}: {why}");
    }
}
