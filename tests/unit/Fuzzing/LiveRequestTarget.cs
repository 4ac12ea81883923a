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

    // Until what an abandoned exchange has left behind has reached the daemon.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(300);

    private long _cases;

    public void Check(byte[] input)
    {
        // On a busy machine the answers may need longer than what most inputs need. What is wrong is wrong with more patience, too.
        if (!Holds(input, patience: 40, out _))
        {
            Thread.Sleep(Settle);
            Assert.True(Holds(input, patience: 3_000, out var fault), fault);
        }
        frontEnd.CheckLog();
        if (++_cases == 500) frontEnd.NoteMemory();
    }

    private bool Holds(byte[] input, int patience, out string fault)
    {
        daemon.Take();
        var answer = frontEnd.Exchange([.. input, .. Last], patience, out var left);
        var seen = daemon.Take().ToList();
        Assert.DoesNotContain(seen, request => request.Contains("UNREADABLE", StringComparison.Ordinal));
        Assert.DoesNotContain(seen, request => request.Contains("FORGED", StringComparison.Ordinal));
        // A daemon that has seen more requests than were answered has found one in another's body, unless the client has left before the
        // last answer.
        if (left && seen.Count > 0 && seen[^1].StartsWith("GET /last ", StringComparison.Ordinal)) seen.RemoveAt(seen.Count - 1);
        var answers = Answers().Count(answer);
        fault = $"{seen.Count} requests were seen for {answers} answers: {string.Join("; ", seen)}";
        return answers == 0 || seen.Count <= answers;
    }

    [GeneratedRegex(@"HTTP/1\.1 [2-5]\d\d ")]
    private static partial Regex Answers();
}
