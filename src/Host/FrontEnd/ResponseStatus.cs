namespace DaemonProxy.Host.FrontEnd;

/// <summary>The status of a response as time series and spans take it.</summary>
internal static class ResponseStatus
{
    // Recording a request allocates no memory for its status.
    private static readonly object[] Statuses = [.. Enumerable.Range(0, 1000).Select(status => (object)status)];

    /// <summary>A status as an object.</summary>
    public static object Boxed(int status) => status < Statuses.Length ? Statuses[status] : status;
}
