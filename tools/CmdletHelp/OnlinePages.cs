using System.Text.RegularExpressions;

namespace DaemonProxy.CmdletHelp;

/// <summary>
/// Where the pages of docs/cmdlets are on the web: what <c>Get-Help -Online</c> opens. The module's manifest says it, by its ProjectUri.
/// </summary>
internal sealed partial class OnlinePages
{
    private readonly string _project;

    private OnlinePages(string project) => _project = project;

    /// <summary>Reads the project's address from the manifest.</summary>
    /// <exception cref="HelpException">It has none.</exception>
    public static OnlinePages In(string manifest) => ProjectUri().Match(File.ReadAllText(manifest)) is { Success: true } found
        ? new OnlinePages(found.Groups[1].Value.TrimEnd('/'))
        : throw new HelpException(manifest, "there is no ProjectUri under PrivateData.PSData; Get-Help -Online needs it");

    /// <summary>The page of a cmdlet.</summary>
    public string Of(string command) => $"{_project}/blob/main/docs/cmdlets/{command}.md";

    [GeneratedRegex(@"^\s*ProjectUri\s*=\s*'(https://[^']+)'", RegexOptions.Multiline)]
    private static partial Regex ProjectUri();
}
