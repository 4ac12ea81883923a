namespace DaemonProxy.Cmdlets;

/// <summary>Whose service a cmdlet means.</summary>
public enum Scope
{
    /// <summary>The user's own.</summary>
    User,

    /// <summary>The machine's; takes an administrator.</summary>
    System,
}
