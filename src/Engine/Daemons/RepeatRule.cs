namespace DaemonProxy.Daemons;

/// <summary>What is known about a request whose connection ended before any byte of the response arrived.</summary>
/// <param name="IsTakenUp">Whether the worker had read the bytes of the request; null: the system does not say.</param>
/// <param name="WasKept">Whether the connection had served a request before.</param>
/// <param name="Died">How many requests, including this one, the worker was serving when its process ended without being asked to; 0: it
/// still lives, was asked to end, or was not started by the front end.</param>
/// <param name="HasBeenRepeated">Whether the request has had its second try.</param>
internal readonly record struct FailedTry(bool? IsTakenUp, bool WasKept, int Died, bool HasBeenRepeated);

/// <summary>What happens to a repeatable request that received no byte of a response.</summary>
internal enum RepeatDecision
{
    /// <summary>It is answered with the failure.</summary>
    No,

    /// <summary>It is sent again for the last time, to another worker if there is one.</summary>
    Once,

    /// <summary>It is sent again without counting as a try, because it never reached the application.</summary>
    Free,
}

/// <summary>
/// Decides which requests (RFC 9110, section 9.2.2: only those with an idempotent method and no body) are sent again when the connection to
/// the worker ended before any byte of the response. A request that kills its worker must not be given to the next one, and a request that
/// merely shared the worker must not suffer.
/// <code>
///   the request's bytes     the worker                                  the connection    the request is sent again
///   not taken up            whatever became of it                       kept              yes, and it counts as no try: the worker closed
///                                                                                         an idle connection
///                                                                       new               once
///   taken up, or unknown    died, with this request alone               any               no: this request caused it
///   taken up, or unknown    died, with several requests                 any               once: most of them had no part in it
///   taken up                lives, was asked to end, or is not ours     any               once: it closed the connection at the moment
///                                                                                         of the request
///   unknown                 lives, was asked to end, or is not ours     kept              yes, and it counts as no try, as above
///                                                                       new               once
/// </code>
/// </summary>
internal static class RepeatRule
{
    public static RepeatDecision Decide(in FailedTry failed)
    {
        if (failed.IsTakenUp != false && failed.Died == 1) return RepeatDecision.No;
        var free = failed.WasKept && failed.IsTakenUp != true && (failed.IsTakenUp == false || failed.Died == 0);
        if (free) return RepeatDecision.Free;
        return failed.HasBeenRepeated ? RepeatDecision.No : RepeatDecision.Once;
    }
}
