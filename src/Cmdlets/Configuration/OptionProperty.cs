using System.Globalization;
using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// An option of a section as PowerShell's members have it: what the engine's table of options names needs no property in code.
/// </summary>
internal sealed class OptionProperty(ConfigurationSection section, string option)
    : PSNoteProperty(Editing.OptionTable.PropertyName(option), null)
{
    public override object? Value
    {
        get => section[option];
        set => section[option] = value;
    }

    public override string TypeNameOfValue => Value?.GetType().FullName ?? "System.Object";

    public override PSMemberInfo Copy() => new OptionProperty(section, option);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{TypeNameOfValue} {Name}={Value}");
}
