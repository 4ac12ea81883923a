namespace DaemonProxy.Daemons;

/// <summary>What is known of a request whose connection ended before a byte of the response came.</summary>
/// <param name="IsTakenUp">Whether the worker had taken the request's bytes; null: the system does not say.</param>
/// <param name="WasKept">Whether the connection had served a request before.</param>
/// <param name="Died">How many requests the worker had when its process ended though nobody had asked it to, this one among them; 0: it
/// lives, was asked to end, or is no process of ours.</param>
/// <param name="HasBeenRepeated">Whether the request has had its second try.</param>
internal readonly record struct FailedTry(bool? IsTakenUp, bool WasKept, int Died, bool HasBeenRepeated);

/// <summary>What becomes of a request that may be sent again and got no byte.</summary>
internal enum RepeatDecision
{
    /// <summary>It is answered with the failure.</summary>
    No,

    /// <summary>It is sent again, to another worker where there is one, for the last time.</summary>
    Once,

    /// <summary>It is sent again, and may be yet again: it never reached the application.</summary>
    Free,
}

/// <summary>
/// Which requests are sent again (RFC 9110, section 9.2.2: those with an idempotent method and no body), when the connection to the worker
/// ended before a byte of the response. A request that kills its worker must not be given to the next one, and one that was only near to it
/// must not suffer.
/// <code>
///   the request's bytes     the worker                                  the connection    the request is sent again
///   not taken up            whatever became of it                       kept              yes, and it counts as no try: the worker closed what had rested
///                                                                       new               once
///   taken up, or unknown    died, with this request alone               any               no: it is this request's doing
///   taken up, or unknown    died, with several requests                 any               once: most of them had no part in it
///   taken up                lives, was asked to end, or is not ours     any               once: it closed the connection in the moment of the request
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
