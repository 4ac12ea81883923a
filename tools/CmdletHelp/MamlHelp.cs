using System.Globalization;
using System.Xml.Linq;

namespace DaemonProxy.CmdletHelp;

/// <summary>
/// PowerShell's help file format (MAML, as "How to Write Cmdlet Help" in its documentation describes it).
/// </summary>
internal static class MamlHelp
{
    private static readonly XNamespace Msh = "http://msh";
    private static readonly XNamespace Maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace Dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    /// <summary>The help of all cmdlets of an assembly.</summary>
    public static string Of(IEnumerable<CommandPage> pages, OnlinePages online)
    {
        var items = new XElement(Msh + "helpItems", new XAttribute("schema", "maml"), pages.Select(page => Item(page, online)));
        return new XDocument(new XDeclaration("1.0", "utf-8", null), items).Declaration + "\n" + items + "\n";
    }

    private static XElement Item(CommandPage page, OnlinePages online)
    {
        var command = page.Command;
        var parts = command.Name.Split('-');
        return new XElement(Command + "command",
            new XAttribute(XNamespace.Xmlns + "maml", Maml), new XAttribute(XNamespace.Xmlns + "command", Command),
                new XAttribute(XNamespace.Xmlns + "dev", Dev),
            new XElement(Command + "details",
                new XElement(Command + "name", command.Name),
                Text(Maml + "description", command.Synopsis),
                new XElement(Command + "verb", parts[0]),
                new XElement(Command + "noun", parts[1])),
            Text(Maml + "description", [.. page.DescriptionText]),
            new XElement(Command + "syntax", command.Sets.Select(set => new XElement(Command + "syntaxItem",
                new XElement(Maml + "name", command.Name),
                command.InSet(set).Select(member => Parameter(member.Parameter, member.Use, described: false))))),
            new XElement(Command + "parameters",
                command.Parameters.Select(parameter => Parameter(parameter, Combined(parameter), described: true))),
            new XElement(Command + "inputTypes", Inputs(command)),
            new XElement(Command + "returnValues", Outputs(command)),
            page.NotesText.Count == 0 ? null : new XElement(Maml + "alertSet", Text(Maml + "alert", [.. page.NotesText])),
            new XElement(Command + "examples", page.ExampleList.Select((example, index) => new XElement(Command + "example",
                new XElement(Maml + "title", string.Create(CultureInfo.InvariantCulture, $"Example {index + 1}: {example.Title}")),
                new XElement(Dev + "code", example.Code),
                Text(Dev + "remarks", example.Remarks)))),
            // Get-Help -Online opens the first link that has an address.
            new XElement(Command + "relatedLinks", Link("Online version:", online.Of(command.Name)),
                page.RelatedNames.Select(name => Link(name, null))));
    }

    private static XElement Link(string text, string? uri) =>
        new(Maml + "navigationLink", new XElement(Maml + "linkText", text), new XElement(Maml + "uri", uri));

    private static XElement Parameter(ParameterShape parameter, ParameterUse use, bool described) => new(Command + "parameter",
        new XAttribute("required", use.Mandatory ? "true" : "false"),
        new XAttribute("variableLength", parameter.Type.EndsWith("[]", StringComparison.Ordinal) ? "true" : "false"),
        new XAttribute("globbing", parameter.Wildcards ? "true" : "false"),
        new XAttribute("pipelineInput", (use.ByValue, use.ByName) switch
        {
            (true, true) => "True (ByPropertyName, ByValue)",
            (true, false) => "True (ByValue)",
            (false, true) => "True (ByPropertyName)",
            _ => "False",
        }),
        new XAttribute("position", use.Position?.ToString(CultureInfo.InvariantCulture) ?? "named"),
        new XAttribute("aliases", parameter.Aliases.Count > 0 ? string.Join(", ", parameter.Aliases) : "none"),
        new XElement(Maml + "name", parameter.Name),
        described ? Text(Maml + "description", parameter.Text) : null,
        described || parameter.Choices.Count == 0 ? null : new XElement(Command + "parameterValueGroup",
            parameter.Choices.Select(choice => new XElement(Command + "parameterValue", new XAttribute("required", "false"), choice))),
        // A switch takes no value, so the syntax shows none.
        parameter.IsSwitch && !described ? null
            : new XElement(Command + "parameterValue", new XAttribute("required", parameter.IsSwitch ? "false" : "true"), parameter.Type),
        new XElement(Dev + "type", new XElement(Maml + "name", parameter.Type), new XElement(Maml + "uri")));

    /// <summary>What is said of a parameter as a whole: what holds in any of its sets.</summary>
    private static ParameterUse Combined(ParameterShape parameter) =>
        new("", parameter.Uses.All(use => use.Mandatory), parameter.Uses[0].Position,
        parameter.Uses.Any(use => use.ByValue), parameter.Uses.Any(use => use.ByName));

    private static IEnumerable<XElement> Inputs(CommandShape command)
    {
        var byValue = command.Parameters.Where(parameter => parameter.Uses.Any(use => use.ByValue)).ToList();
        var byName = command.Parameters.Where(parameter => parameter.Uses.Any(use => use.ByName)).Select(parameter => parameter.Name)
            .ToList();
        foreach (var parameter in byValue)
            yield return Type(Command + "inputType", parameter.Type, $"Values for -{parameter.Name}.");
        if (byName.Count > 0)
            yield return Type(
                Command + "inputType", "Object",
                $"Objects with properties named {string.Join(", ", byName)}, as this module's cmdlets return them.");
        if (byValue.Count + byName.Count == 0)
            yield return Type(Command + "inputType", "None", "It takes nothing from the pipeline.");
    }

    private static IEnumerable<XElement> Outputs(CommandShape command) => command.Outputs.Count == 0
        ? [Type(Command + "returnValue", "None", "It returns nothing.")]
        : command.Outputs.Select(output => Type(Command + "returnValue", output.Type, output.Text));

    private static XElement Type(XName element, string type, string text) => new(element,
        new XElement(Dev + "type", new XElement(Maml + "name", type), new XElement(Maml + "uri")),
        Text(Maml + "description", text));

    private static XElement Text(XName element, params string[] paragraphs) =>
        new(element, paragraphs.Select(paragraph => new XElement(Maml + "para", paragraph)));
}
