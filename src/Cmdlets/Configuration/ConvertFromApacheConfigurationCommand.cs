using System.Management.Automation;
using DaemonProxy.Configuration;
using DaemonProxy.Editing.Apache;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// Converts an Apache configuration with mod_wsgi into a DaemonProxy configuration, and explains each line that it could not carry over or
/// that has a different meaning here.
/// </summary>
[Cmdlet(VerbsData.ConvertFrom, "ApacheConfiguration", DefaultParameterSetName = ByPath)]
[OutputType(typeof(DaemonProxyConfiguration))]
public sealed class ConvertFromApacheConfigurationCommand : ConfigurationCommand
{
    private const string ByPath = "Path";
    private const string ByInput = "InputObject";
    private const string LinesName = "input";

    private readonly List<string> _lines = [];

    /// <summary>
    /// The files; wildcards are allowed. Each file becomes a configuration of its own, together with everything it includes.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByPath)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>
    /// Files from <c>Get-ChildItem</c>, each of which becomes a configuration of its own; or lines from <c>Get-Content</c>, which together
    /// become one configuration.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByInput)]
    [ValidateNotNull]
    [AllowEmptyString]
    public PSObject? InputObject { get; set; }

    /// <summary>
    /// Convert only the virtual host with this ServerName or ServerAlias, and what applies to all hosts. Default: all hosts together.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ApacheServerNameCompleter))]
    public string? ServerName { get; set; }

    /// <summary>
    /// Which pacer keeps the rate limits. Default TokenBucket, which achieves the configured rate; Interval achieves what Apache achieves.
    /// </summary>
    [Parameter]
    [PacerName]
    public Pacer Pacer { get; set; }

    /// <summary>The front end's name in the configuration. Default: none.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        switch (InputObject?.BaseObject)
        {
            case null:
                foreach (var file in Files(Path))
                    ConvertFile(file);
                break;
            case FileInfo file:
                ConvertFile(file.FullName);
                break;
            case string line:
                _lines.AddRange(line.ReplaceLineEndings("\n").Split('\n'));
                break;
            default:
                WriteError($"'{InputObject}' is neither a file nor a line; pipe what Get-ChildItem or Get-Content gives", "NotApacheInput",
                    ErrorCategory.InvalidArgument, InputObject);
                break;
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_lines.Count > 0)
            Write(ApacheConversion.OfLines(_lines, LinesName, CurrentFolder, Options), LinesName, CurrentFolder);
    }

    /// <summary>
    /// Writes one warning for lines with the same reason: the configuration of a whole server has a hundred AddLanguage lines. The property
    /// lists each line.
    /// </summary>
    private void WriteWarnings(string what, ApacheLine[] lines)
    {
        foreach (var same in lines.GroupBy(line => (line.Reason, line.Text.Split((char[]?)null, 2)[0])))
        {
            var (first, more) = (same.First(), same.Count() - 1);
            WriteWarning(
                $"{first.File}:{first.Line}: {what}: {first.Text}{(more > 0 ? $" (and {more} more like it)" : "")}: {first.Reason}");
        }
    }

    private ApacheConversionOptions Options => new() { Name = Name, ServerName = ServerName, Pacer = Pacer.ToKind() };

    private void ConvertFile(string file)
    {
        try
        {
            Write(ApacheConversion.OfFile(file, Options), file, System.IO.Path.GetDirectoryName(file)!);
        }
        catch (IOException error)
        {
            WriteError(new ErrorRecord(error, "FileNotReadable", ErrorCategory.OpenError, file));
        }
    }

    private void Write(ApacheConversion conversion, string file, string folder)
    {
        var configuration = new DaemonProxyConfiguration(conversion.Document)
        {
            NotCarriedOver = [.. conversion.NotCarriedOver.Select(ApacheLine.From)],
            CarriedDifferently = [.. conversion.CarriedDifferently.Select(ApacheLine.From)],
        };
        WriteWarnings("not carried over", configuration.NotCarriedOver);
        WriteWarnings("different here", configuration.CarriedDifferently);
        if (!conversion.HasHost)
        {
            WriteError($"{file} has no virtual host with the ServerName or ServerAlias '{ServerName}'", "VirtualHostNotFound",
                ErrorCategory.ObjectNotFound, file);
            return;
        }

        if (!conversion.HasRoutes)
        {
            WriteError($"{file} has nothing that can be served here; it needs a WSGIScriptAlias, and the warnings say what became of those "
                + "there are", "NothingToConvert", ErrorCategory.InvalidData, file);
            return;
        }

        try
        {
            configuration.Document.Check(Unwritten, folder);
            WriteObject(configuration);
        }
        catch (ConfigurationException mistakes)
        {
            WriteConfigurationErrors(mistakes);
        }
    }
}
