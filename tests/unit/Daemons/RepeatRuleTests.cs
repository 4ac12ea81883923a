using DaemonProxy.Daemons;
using Xunit;

namespace DaemonProxy.Tests.Daemons;

/// <summary>
/// Which requests are sent again when the connection to their worker ended before a byte of the response: the whole table.
/// </summary>
public sealed class RepeatRuleTests
{
    private const int Lives = 0;
    private const int Alone = 1;
    private const int InCompany = 3;

    [Theory]
    // Not taken up: what had rested is no try, whatever became of the worker; a new connection is one.
    [InlineData(false, true, Lives, "Free", "Free")]
    [InlineData(false, true, Alone, "Free", "Free")]
    [InlineData(false, true, InCompany, "Free", "Free")]
    [InlineData(false, false, Lives, "Once", "No")]
    [InlineData(false, false, Alone, "Once", "No")]
    [InlineData(false, false, InCompany, "Once", "No")]
    // Taken up by a worker that died: nobody else's doing when it was alone.
    [InlineData(true, true, Alone, "No", "No")]
    [InlineData(true, false, Alone, "No", "No")]
    [InlineData(true, true, InCompany, "Once", "No")]
    [InlineData(true, false, InCompany, "Once", "No")]
    [InlineData(null, true, Alone, "No", "No")]
    [InlineData(null, false, Alone, "No", "No")]
    [InlineData(null, true, InCompany, "Once", "No")]
    [InlineData(null, false, InCompany, "Once", "No")]
    // Taken up by one that lives: it may have a process of its own that died of it.
    [InlineData(true, true, Lives, "Once", "No")]
    [InlineData(true, false, Lives, "Once", "No")]
    // Not to be known, as over TCP: a server that closes what rested is what it is nearly always.
    [InlineData(null, true, Lives, "Free", "Free")]
    [InlineData(null, false, Lives, "Once", "No")]
    public void Request_is_sent_again_as_the_table_says(bool? isTakenUp, bool wasKept, int died, string atFirst, string whenRepeated)
    {
        Assert.Equal(atFirst, RepeatRule.Decide(new(isTakenUp, wasKept, died, HasBeenRepeated: false)).ToString());
        Assert.Equal(whenRepeated, RepeatRule.Decide(new(isTakenUp, wasKept, died, HasBeenRepeated: true)).ToString());
    }
}
