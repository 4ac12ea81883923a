using DaemonProxy.Events;

namespace DaemonProxy.Embedded;

/// <summary>
/// Decides on every embedded request whether it may be served (behaviour.md, section 3): first the restriction, then the safeguard, so that a request
/// that reaches a process without an interpreter gets a logged 500 instead of a crash.
/// </summary>
/// <param name="setting"><c>restrict-embedded</c> as configured; null when never set.</param>
public sealed class EmbeddedRestriction(bool? setting)
{
    private volatile object? _setting = setting;

    /// <summary>The setting in force; null when never set.</summary>
    public bool? Setting
    {
        get => (bool?)_setting;
        set => _setting = value;
    }

    /// <summary>What forbids an embedded request now. There is no interpreter in this version, so that one of the two always does.</summary>
    public EventDefinition Refusal => Setting == true ? EventCatalogue.EmbeddedRestricted : EventCatalogue.PythonNotInitialised;
}
