using System.Text.RegularExpressions;
using DaemonProxy.Configuration;

namespace DaemonProxy.Control;

/// <summary>The rule for a front end's name (<see cref="ProxyConfiguration.Name"/>), as far as it is the name of a folder.</summary>
public static partial class InstanceName
{
    /// <summary>What a name may be, for messages.</summary>
    public const string Rule = "1 to 64 letters, digits, '.', '_' or '-', and no '.' at the beginning";

    /// <summary>Whether a name keeps the rule.</summary>
    public static bool IsValid(string name) => Pattern().IsMatch(name);

    /// <summary>Returns the name when it keeps the rule.</summary>
    /// <exception cref="ControlException">It does not.</exception>
    public static string Checked(string name) => IsValid(name)
        ? name
        : throw new ControlException($"'{name}' is no name for a front end: a name is {Rule}", ControlFailure.Invalid);

    [GeneratedRegex(@"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}\z")]
    private static partial Regex Pattern();
}
