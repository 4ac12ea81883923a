using System.Buffers;
using DaemonProxy.Statistics;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>A finished request, as the access log writes it.</summary>
/// <param name="Request">The request as the server provides it.</param>
/// <param name="Record">Its route, client and status.</param>
/// <param name="Finished">Its counts and times.</param>
/// <param name="Start">When it arrived.</param>
internal readonly record struct LoggedRequest(
    IHttpRequestFeature Request, RequestRecord Record, FinishedRequest Finished, DateTimeOffset Start);

/// <summary>A format of the access log. Not thread-safe.</summary>
internal abstract class AccessLine
{
    /// <summary>A field from outside is truncated to this length, so that one request cannot fill the log.</summary>
    protected const int LongestField = 8192;

    /// <summary>Appends the line of one request, with its line break.</summary>
    public abstract void Append(IBufferWriter<byte> lines, in LoggedRequest request);
}
