using System.Text;
using System.Text.RegularExpressions;
using DaemonProxy.Tests.Differential;
using Xunit;

namespace DaemonProxy.Tests.Fuzzing;

/// <summary>
/// Any bytes from a client: the front end answers or closes, the strict daemon reads each request that it gets, sees no more of them than
/// were answered, and knows whom they are from.
/// </summary>
internal sealed partial class LiveRequestTarget(LiveFrontEnd frontEnd, RecordingDaemon daemon)
{
    private static readonly byte[] Last = Encoding.ASCII.GetBytes("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

    private long _cases;

    public void Check(byte[] input)
    {
        daemon.Take();
        var answer = frontEnd.Exchange([.. input, .. Last], patience: 40, out var left);
        var seen = daemon.Take().ToList();
        Assert.DoesNotContain(seen, request => request.Contains("UNREADABLE", StringComparison.Ordinal));
        Assert.DoesNotContain(seen, request => request.Contains("FORGED", StringComparison.Ordinal));
        // A daemon that has seen more requests than were answered has found one in another's body, unless the client has left before the last answer.
        if (left && seen.Count > 0 && seen[^1].StartsWith("GET /last ", StringComparison.Ordinal)) seen.RemoveAt(seen.Count - 1);
        var answers = Answers().Count(answer);
        Assert.True(answers == 0 || seen.Count <= answers, $"{seen.Count} requests were seen for {answers} answers: {string.Join("; ", seen)}");
        frontEnd.CheckLog();
        if (++_cases == 500) frontEnd.NoteMemory();
    }

    [GeneratedRegex(@"HTTP/1\.1 [2-5]\d\d ")]
    private static partial Regex Answers();
}
