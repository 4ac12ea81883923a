using Microsoft.AspNetCore.Http;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>The method of a request as time series and spans name it.</summary>
internal static class RequestMethod
{
    /// <summary>What stands for every method that is not known.</summary>
    public const string Other = "_OTHER";

    /// <summary>
    /// The methods of RFC 9110, PATCH, or <see cref="Other"/>, as OpenTelemetry's convention demands, because a client must not be able to
    /// create any number of time series.
    /// </summary>
    public static string Known(string method)
    {
        var known = HttpMethods.GetCanonicalizedValue(method);
        return HttpMethods.IsGet(known) || HttpMethods.IsPost(known) || HttpMethods.IsHead(known) || HttpMethods.IsPut(known)
            || HttpMethods.IsDelete(known) || HttpMethods.IsOptions(known) || HttpMethods.IsPatch(known)
            || HttpMethods.IsConnect(known) || HttpMethods.IsTrace(known)
            ? known : Other;
    }
}
