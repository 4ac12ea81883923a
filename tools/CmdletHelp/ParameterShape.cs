using System.Reflection;

namespace DaemonProxy.CmdletHelp;

/// <summary>How a parameter takes part in a parameter set.</summary>
/// <param name="Set">The set's name.</param>
/// <param name="Mandatory">Whether it has to be given.</param>
/// <param name="Position">From 0; null: by name only.</param>
/// <param name="ByValue">Whether it takes whole objects from the pipeline.</param>
/// <param name="ByName">Whether it takes a property of that name from the pipeline's objects.</param>
internal sealed record ParameterUse(string Set, bool Mandatory, int? Position, bool ByValue, bool ByName);

/// <summary>A parameter as its code declares it.</summary>
/// <param name="Name">The name without its dash.</param>
/// <param name="Type">The type, as PowerShell shows it.</param>
/// <param name="Text">The property's summary.</param>
/// <param name="Aliases">Its other names.</param>
/// <param name="Wildcards">Whether it takes wildcards.</param>
/// <param name="Choices">What an enum takes; empty otherwise.</param>
/// <param name="Uses">One for each parameter set that it belongs to.</param>
internal sealed record ParameterShape(
    string Name, string Type, string Text, IReadOnlyList<string> Aliases, bool Wildcards, IReadOnlyList<string> Choices,
        IReadOnlyList<ParameterUse> Uses)
{
    public static ParameterShape WhatIf { get; } = Common("WhatIf", "wi", "Says what would be done, and does nothing.");

    public static ParameterShape Confirm { get; } = Common("Confirm", "cf", "Asks before anything is done.");

    public bool IsSwitch => Type == "SwitchParameter";

    /// <summary>Reads a property; null when it is no parameter.</summary>
    public static ParameterShape? Read(string command, PropertyInfo property, DocComments comments)
    {
        var uses = property.GetCustomAttributesData().Where(data => data.AttributeType.Name == "ParameterAttribute").Select(Use).ToList();
        if (uses.Count == 0)
            return null;
        var text = comments.OfProperty(property.DeclaringType!.FullName!, property.Name)
            ?? throw new HelpException($"{command} -{property.Name}", "a parameter needs a summary, for it is its description in Get-Help");
        var aliases = CommandShape.Attribute(property, "AliasAttribute") is { } alias
            ? ((IReadOnlyCollection<CustomAttributeTypedArgument>)alias.ConstructorArguments[0].Value!).Select(name => (string)name.Value!)
            .ToList() : [];
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        return new ParameterShape(
            property.Name, TypeName(type), text, aliases, CommandShape.Attribute(property, "SupportsWildcardsAttribute") is not null,
            type.IsEnum ? Enum.GetNames(type) : [], uses);
    }

    private static ParameterUse Use(CustomAttributeData data)
    {
        var named = CommandShape.Named(data);
        return new ParameterUse(
            (string?)named.GetValueOrDefault("ParameterSetName") ?? "__AllParameterSets", named.GetValueOrDefault("Mandatory") is true,
            named.GetValueOrDefault("Position") as int?, named.GetValueOrDefault("ValueFromPipeline") is true,
            named.GetValueOrDefault("ValueFromPipelineByPropertyName") is true);
    }

    private static string TypeName(Type type) => type.Name switch
    {
        "String" => "string",
        "Int32" => "int",
        "Int64" => "long",
        "Double" => "double",
        "Boolean" => "bool",
        "Object" => "Object",
        "String[]" => "string[]",
        "Object[]" => "Object[]",
        var name => name,
    };

    private static ParameterShape Common(string name, string alias, string text) =>
        new(name, "SwitchParameter", text, [alias], false, [], [new ParameterUse("__AllParameterSets", false, null, false, false)]);
}
