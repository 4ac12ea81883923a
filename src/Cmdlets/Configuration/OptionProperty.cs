using System.Globalization;
using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Exposes an option of a section as a PowerShell member, so that options in the engine's table need no property in code.
/// </summary>
/// <param name="section">The section.</param>
/// <param name="option">The option's name in the file.</param>
/// <param name="name">The member's name.</param>
internal sealed class OptionProperty(ConfigurationSection section, string option, string name) : PSNoteProperty(name, null)
{
    public override object? Value
    {
        // ConvertTo-Json sees the properties of an object only if it comes in PowerShell's wrapper.
        get => section[option] is ConfigurationSection inner ? PSObject.AsPSObject(inner) : section[option];
        set => section[option] = value;
    }

    public override string TypeNameOfValue =>
        (Value is PSObject wrapped ? wrapped.BaseObject : Value)?.GetType().FullName ?? "System.Object";

    public override PSMemberInfo Copy() => new OptionProperty(section, option, Name);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{TypeNameOfValue} {Name}={Value}");
}
