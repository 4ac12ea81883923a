using System.Globalization;
using System.Management.Automation;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Exposes an option of a section as a PowerShell member, so that options in the engine's table need no property in code.
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
