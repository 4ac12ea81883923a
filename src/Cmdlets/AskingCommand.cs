using System.Management.Automation;
using System.Reflection;

namespace DaemonProxy.Cmdlets;

/// <summary>When a cmdlet asks its user: before a change, as the preferences say, and never because of <c>-Debug</c>.</summary>
/// <remarks>
/// PowerShell takes <c>-Debug</c> for a wish to be asked before every change and after every verbose message, warning and error, and fails
/// where there is nobody to ask (<c>-NonInteractive</c>). Here it shows debug messages and changes nothing else.
/// </remarks>
public abstract class AskingCommand : PSCmdlet
{
    /// <summary>Whether the cmdlet is only to say what it would do.</summary>
    private protected bool IsWhatIf => IsBound("WhatIf") ?? LanguagePrimitives.IsTrue(GetVariableValue("WhatIfPreference"));

    /// <summary>Says something where <c>-WhatIf</c> says what would be done. To be called only if <see cref="IsWhatIf"/>.</summary>
    private protected void SayWhatIf(string message) => ShouldProcess(message, message, null);

    /// <summary>Whether a change may be made: not under <c>-WhatIf</c>, and not if somebody was asked and said no.</summary>
    /// <param name="target">What would be changed.</param>
    /// <param name="action">What would be done to it.</param>
    private protected new bool ShouldProcess(string target, string action)
    {
        if (IsBound("Debug") != true || IsBound("Confirm") is not null || IsWhatIf || !IsBelowConfirmPreference)
            return base.ShouldProcess(target, action);
        WriteVerbose($"Performing the operation \"{action}\" on target \"{target}\".");
        return true;
    }

    /// <summary>Whether the user's preference is not to be asked before changes like this cmdlet's.</summary>
    private bool IsBelowConfirmPreference =>
        ConfirmPreference == ConfirmImpact.None
        || (GetType().GetCustomAttribute<CmdletAttribute>()?.ConfirmImpact ?? ConfirmImpact.Medium) < ConfirmPreference;

    /// <summary>The impact from which on the user wants to be asked; <see cref="ConfirmImpact.None"/>: never.</summary>
    private protected ConfirmImpact ConfirmPreference =>
        LanguagePrimitives.TryConvertTo<ConfirmImpact>(GetVariableValue("ConfirmPreference"), out var preference)
            ? preference : ConfirmImpact.High;

    /// <summary>The value of a common switch; null when it was not given.</summary>
    private protected bool? IsBound(string name) =>
        MyInvocation.BoundParameters.TryGetValue(name, out var value) ? LanguagePrimitives.IsTrue(value) : null;

    /// <summary>Writes a verbose message; under <c>-Debug</c>, a debug message.</summary>
    private protected new void WriteVerbose(string text)
    {
        if (IsBound("Debug") == true && IsBound("Verbose") is null)
            WriteDebug(text);
        else
            base.WriteVerbose(text);
    }

    /// <summary>Writes a warning.</summary>
    private protected new void WriteWarning(string text)
    {
        try
        {
            base.WriteWarning(text);
        }
        catch (PSInvalidOperationException) when (IsBound("Debug") == true)
        {
            // The warning has been shown; there is nobody to ask whether to go on.
        }
    }

    /// <summary>Writes an error.</summary>
    private protected new void WriteError(ErrorRecord error)
    {
        try
        {
            base.WriteError(error);
        }
        catch (PSInvalidOperationException) when (IsBound("Debug") == true)
        {
            // There is nobody to ask whether to go on, and PowerShell's complaint about that must not take the place of this error.
            ThrowTerminatingError(error);
        }
    }
}
