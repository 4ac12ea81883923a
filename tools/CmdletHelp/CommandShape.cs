using System.Reflection;

namespace DaemonProxy.CmdletHelp;

/// <summary>A cmdlet as its code declares it.</summary>
/// <param name="Name">Verb-Noun.</param>
/// <param name="Synopsis">The class's summary.</param>
/// <param name="Parameters">Its parameters, those of its base classes first, in the order of the code; <c>WhatIf</c> and <c>Confirm</c>
/// last.</param>
/// <param name="Sets">The names of its parameter sets, the default one first.</param>
/// <param name="Outputs">Type name and what it is, for each type that it writes.</param>
internal sealed record CommandShape(
    string Name, string Synopsis, IReadOnlyList<ParameterShape> Parameters, IReadOnlyList<string> Sets,
        IReadOnlyList<(string Type, string Text)> Outputs)
{
    private const string AllSets = "__AllParameterSets";

    /// <summary>Reads every cmdlet of an assembly. Only attributes are looked at; nothing of it is run.</summary>
    public static IReadOnlyList<CommandShape> In(string assembly, DocComments comments) =>
        [.. Assembly.LoadFrom(Path.GetFullPath(assembly)).GetExportedTypes()
            .Select(type => (Type: type, Cmdlet: Attribute(type, "CmdletAttribute")))
            .Where(found => found.Cmdlet is not null)
            .Select(found => Read(found.Type, found.Cmdlet!, comments))
            .OrderBy(command => command.Name, StringComparer.Ordinal)];

    /// <summary>The parameters of a set, as PowerShell shows them: by position, then the mandatory ones, then the rest.</summary>
    public IEnumerable<(ParameterShape Parameter, ParameterUse Use)> InSet(string set) =>
        Parameters.Select(
            parameter => (Parameter: parameter, Use: parameter.Uses.FirstOrDefault(use => use.Set == set || use.Set == AllSets)))
            .Where(member => member.Use is not null)
            .Select(member => (member.Parameter, Use: member.Use!))
            .OrderBy(member => member.Use.Position ?? int.MaxValue).ThenBy(member => member.Use.Mandatory ? 0 : 1);

    private static CommandShape Read(Type type, CustomAttributeData cmdlet, DocComments comments)
    {
        var name = $"{cmdlet.ConstructorArguments[0].Value}-{cmdlet.ConstructorArguments[1].Value}";
        var parameters = Ancestry(type).Reverse()
            .SelectMany(level => level.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Select(property => ParameterShape.Read(name, property, comments)).OfType<ParameterShape>().ToList();
        var named = Named(cmdlet);
        if (named.GetValueOrDefault("SupportsShouldProcess") is true)
            parameters.AddRange(ParameterShape.WhatIf, ParameterShape.Confirm);
        var sets = parameters.SelectMany(parameter => parameter.Uses).Select(use => use.Set).Where(set => set != AllSets).Distinct()
            .ToList();
        if (named.GetValueOrDefault("DefaultParameterSetName") is string first && sets.Remove(first))
            sets.Insert(0, first);
        if (sets.Count == 0)
            sets.Add(AllSets);
        var synopsis = comments.OfType(type.FullName!)
            ?? throw new HelpException(type.FullName!, "a cmdlet needs a summary, for it is what Get-Help says first");
        var outputs = type.GetCustomAttributesData().Where(data => data.AttributeType.Name == "OutputTypeAttribute").SelectMany(OutputNames)
            .Distinct()
            .Select(output => (output, comments.OfType(output) ?? KnownType(output))).ToList();
        return new CommandShape(name, synopsis, parameters, sets, outputs);
    }

    private static IEnumerable<string> OutputNames(CustomAttributeData data) =>
        ((IReadOnlyCollection<CustomAttributeTypedArgument>)data.ConstructorArguments[0].Value!)
            .Select(one => one.Value is Type type ? type.FullName! : (string)one.Value!);

    private static string KnownType(string type) => type switch
    {
        "System.Boolean" => "True or false.",
        "System.String" => "Text.",
        "System.IO.FileInfo" => "The file that was written.",
        _ => throw new HelpException(type, "a type that a cmdlet writes needs a summary, for Get-Help shows it"),
    };

    private static IEnumerable<Type> Ancestry(Type type)
    {
        for (var level = type; level.Assembly == type.Assembly; level = level.BaseType!)
            yield return level;
    }

    internal static CustomAttributeData? Attribute(MemberInfo member, string name) =>
        member.GetCustomAttributesData().FirstOrDefault(data => data.AttributeType.Name == name);

    internal static Dictionary<string, object?> Named(CustomAttributeData data) =>
        data.NamedArguments.ToDictionary(argument => argument.MemberName, argument => argument.TypedValue.Value);
}
