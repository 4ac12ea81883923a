namespace DaemonProxy.Cmdlets;

/// <summary>Whose services a cmdlet works with.</summary>
public enum Scope
{
    /// <summary>The user's own.</summary>
    User,

    /// <summary>The machine's; requires an administrator.</summary>
    System,
}
