using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace DaemonProxy.CmdletHelp;

/// <summary>The summaries of an assembly's doc comments, as plain text.</summary>
internal sealed partial class DocComments
{
    private readonly Dictionary<string, string> _summaries = [];

    /// <summary>Reads the files that the compiler has left beside an assembly: its own, and those of what it refers to.</summary>
    public static DocComments Beside(string assembly)
    {
        var comments = new DocComments();
        foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(Path.GetFullPath(assembly))!, "DaemonProxy.*.xml"))
        {
            foreach (var member in XDocument.Load(file).Descendants("member"))
            {
                if ((string?)member.Attribute("name") is { } name && member.Element("summary") is { } summary)
                    comments._summaries[name] = Text(summary);
            }
        }

        return comments;
    }

    /// <summary>The summary of a type; null where there is none.</summary>
    public string? OfType(string fullName) => _summaries.GetValueOrDefault($"T:{fullName}");

    /// <summary>The summary of a property; null where there is none.</summary>
    public string? OfProperty(string type, string property) => _summaries.GetValueOrDefault($"P:{type}.{property}");

    /// <summary>A cref becomes the last part of the name it refers to; every other element is its text.</summary>
    private static string Text(XElement element)
    {
        var text = string.Concat(element.Nodes().Select(node => node switch
        {
            XText plain => plain.Value,
            XElement { Name.LocalName: "see" or "paramref" } see =>
                ((string?)see.Attribute("cref") ?? (string?)see.Attribute("name") ?? "").Split('.', ':')[^1],
            XElement inner => Text(inner),
            _ => "",
        }));
        return Blanks().Replace(text, " ").Trim();
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
