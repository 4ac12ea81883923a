using System.Collections;
using DaemonProxy.Events;

namespace DaemonProxy.Cmdlets;

/// <summary>An event that a front end has logged, with what the catalogue says of its kind.</summary>
public sealed class EventInfo
{
    internal EventInfo(string name, LoggedEvent logged)
    {
        Name = name;
        Time = logged.Time.LocalDateTime;
        Severity = logged.Severity.ToString();
        Code = logged.Code;
        Message = logged.Message;
        Properties = new Hashtable(logged.Properties.ToDictionary(), StringComparer.OrdinalIgnoreCase);
        var definition = EventCatalogue.Find(logged.Code);
        Cause = definition?.Cause;
        Outcome = definition?.Outcome;
        Action = definition?.Action;
    }

    /// <summary>The front end's name.</summary>
    public string Name { get; }

    /// <summary>When it was logged, in local time.</summary>
    public DateTime Time { get; }

    /// <summary>Information, Warning or Error.</summary>
    public string Severity { get; }

    /// <summary>The code, such as WSGI0210.</summary>
    public string Code { get; }

    /// <summary>What happened.</summary>
    public string Message { get; }

    /// <summary>What else is known, by the names of the log: method, path, route, daemon, pid.</summary>
    public IDictionary Properties { get; }

    /// <summary>Why events of this kind happen.</summary>
    public string? Cause { get; }

    /// <summary>What became of the request or the daemon.</summary>
    public string? Outcome { get; }

    /// <summary>What to do about it.</summary>
    public string? Action { get; }
}
