using System.Management.Automation;
using DaemonProxy.Configuration;
using DaemonProxy.Control;
using DaemonProxy.Events;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Reads the event logs of front ends as objects, with the cause of each event and what to do about it. A front end that has ended can be
/// named, too, because its log outlives it.
/// </summary>
[Cmdlet(VerbsCommon.Get, "DaemonProxyEvent")]
[OutputType(typeof(LoggedEvent))]
public sealed class GetDaemonProxyEventCommand : InstanceQueryCommand
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100);
    private readonly List<(string Name, EventLogReader Log)> _logs = [];
    private Func<LoggedEvent, bool> _isWanted = _ => true;

    /// <summary>Only events with these codes; wildcards are allowed.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(EventCodeCompleter))]
    public string[]? Code { get; set; }

    /// <summary>Only events of these severities.</summary>
    [Parameter]
    [ValidateSet("Information", "Warning", "Error")]
    public string[]? Severity { get; set; }

    /// <summary>Only events since this time.</summary>
    [Parameter]
    public DateTime? After { get; set; }

    /// <summary>Keep returning new events until Ctrl+C. Without -After, events logged earlier are left out.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        var unknown = Code?.FirstOrDefault(code => !WildcardPattern.ContainsWildcardCharacters(code) && EventCatalogue.Find(code) is null);
        if (unknown is not null)
        {
            var nearest = NearestName.To(unknown.ToUpperInvariant(), [.. EventCatalogue.All.Select(definition => definition.Code)]);
            ThrowTerminatingError(new ErrorRecord(
                new PSArgumentException($"there is no event '{unknown}'{(nearest is null ? "" : $"; did you mean '{nearest}'?")}"),
                    "EventCodeNotFound", ErrorCategory.ObjectNotFound, unknown));
        }
        var codes = Code?.Select(code => WildcardPattern.Get(code, WildcardOptions.IgnoreCase)).ToArray();
        var since = (After ?? DateTime.MinValue).ToUniversalTime();
        _isWanted = logged => logged.Time.ToUniversalTime() >= since && (codes is null || codes.Any(code => code.IsMatch(logged.Code)))
            && (Severity is null || Severity.Contains(logged.Severity, StringComparer.OrdinalIgnoreCase));
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        // A front end asked for by name may have ended; its log says why.
        var literal = Name?.Where(
            name => !WildcardPattern.ContainsWildcardCharacters(name) && InstanceDirectory.FindEventLog(name) is not null).ToArray() ?? [];
        foreach (var name in literal.Concat(
            Name is null ? NamesOf(null) : Name.Except(literal).ToArray() is { Length: > 0 } others ? NamesOf(others) : []).Distinct())
        {
            if (LogOf(name) is not { } file)
                continue;
            var log = new EventLogReader(file);
            if (Wait && After is null)
                log.SkipToEnd();
            _logs.Add((name, log));
            if (!Wait)
                WriteNew(name, log);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (!Wait || _logs.Count == 0)
            return;
        do
        {
            foreach (var (name, log) in _logs)
                WriteNew(name, log);
        }
        while (!StopToken.WaitHandle.WaitOne(BetweenLooks));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _logs.ForEach(log => log.Log.Dispose());
        base.Dispose(disposing);
    }

    private string? LogOf(string name)
    {
        if (!InstanceDirectory.IsRunning(name) && InstanceDirectory.FindEventLog(name) is { } left)
            return left;
        if (StatusOf(name) is not { } status)
            return null;
        if (Elsewhere(status) is { } place)
        {
            WriteError($"'{name}' {place}", "NoEventLog", ErrorCategory.ObjectNotFound, name);
            return null;
        }
        return status.LogFile;
    }

    private static string? Elsewhere(InstanceStatus status)
    {
        var system = status.EventLog?.StartsWith("syslog", StringComparison.Ordinal) == true;
        if (status.LogFile is null)
        {
            return status.EventLog is null ? "logs to the terminal it was started from, not to a file"
                : system ? "sends its events to the system's log; read them there, for example with 'journalctl -t daemonproxy'"
                : "writes its events to its standard output; read them where that is kept, such as in the journal of its service or in the "
                + "log of its container";
        }
        return status.EventLogFormat == nameof(EventLogFormat.Json) ? null
            : $"writes its events as text (event-log-format), and only JSON can be read here; look into {status.LogFile}";
    }

    private void WriteNew(string name, EventLogReader log)
    {
        try
        {
            foreach (var logged in log.Read())
            {
                if (_isWanted(logged))
                    WriteObject(logged with { Name = name });
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            WriteError(new ErrorRecord(failure, "EventLogUnreadable", ErrorCategory.ReadError, name));
        }
    }
}
