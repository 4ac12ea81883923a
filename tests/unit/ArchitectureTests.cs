using System.Text.RegularExpressions;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;
using Xunit;

namespace DaemonProxy.Tests;

/// <summary>
/// The table in docs/architecture.md is the architecture: every folder of the source has a row, which names the folders that its compiled
/// code uses, and each of those stands further down. An arrow that the table does not have fails, and so does one that nothing uses any
/// more.
/// </summary>
public sealed partial class ArchitectureTests
{
    private static readonly string Source = Path.Combine(RepositoryRoot.Path, "src");

    [Fact]
    public void Each_folder_uses_the_folders_that_the_table_names_and_no_others()
    {
        var rows = Row().Matches(File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs", "architecture.md")))
            .Select(row =>
            (Room: row.Groups[1].Value, Uses: Name().Matches(row.Groups[2].Value).Select(name => name.Groups[1].Value).ToArray()))
            .ToArray();
        var rooms = RoomsOfTypes();
        var used = Arrows(rooms);

        string[] wrong = [.. rows.SelectMany((row, i) =>
            {
                var below = rows[(i + 1)..].Select(other => other.Room).ToHashSet();
                return row.Uses.Except(used[row.Room]).Select(target => $"{row.Room} uses nothing of {target}")
                    .Concat(used[row.Room].Except(row.Uses).Select(target => $"{row.Room} uses {target}, which its row does not name"))
                    .Concat(row.Uses.Where(target => !below.Contains(target))
                    .Select(target => $"{row.Room} uses {target}, which does not stand below it"));
            })
            .Concat(rooms.Values.Distinct().Except(rows.Select(row => row.Room)).Select(room => $"{room} has no row"))
            .Concat(rows.Select(row => row.Room).Except(rooms.Values).Select(room => $"{room} has a row, and no source file"))
            .Order()];
        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
    }

    /// <summary>The folder of each type, by its full name: a source file's namespace and the types that it declares at its top.</summary>
    private static Dictionary<string, string> RoomsOfTypes()
    {
        var rooms = new Dictionary<string, string>();
        foreach (var file in Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(Source, file).Split(Path.DirectorySeparatorChar);
            if (path[1] is "bin" or "obj") continue;
            var text = File.ReadAllText(file);
            foreach (Match type in Declaration().Matches(text))
                rooms[$"{Namespace().Match(text).Groups[1].Value}.{type.Groups[1].Value}"] = string.Join('/', path[..^1]);
        }
        return rooms;
    }

    private static ILookup<string, string> Arrows(Dictionary<string, string> rooms)
    {
        var assemblies = Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll")
            .Where(file => Path.GetFileName(file) is "daemonproxy.dll" or "DaemonProxy.Editing.dll" or "DaemonProxy.Engine.dll"
            or "DaemonProxy.Services.dll" or "DaemonProxy.Verification.dll")
            .Append(Path.Combine(RepositoryRoot.Path, "module", "bin", "DaemonProxy.Cmdlets.dll"));
        return assemblies.SelectMany(assembly =>
            {
                using var module = ModuleDefinition.ReadModule(assembly);
                return module.GetAllTypes().SelectMany(type => Mentioned(type).Select(other => (From: RoomOf(type), To: RoomOf(other))))
                    .Distinct().ToArray();
            })
            .Where(arrow => arrow is { From: not null, To: not null } && arrow.From != arrow.To)
            .Distinct().ToLookup(arrow => arrow.From!, arrow => arrow.To!);

        string? RoomOf(TypeReference type)
        {
            while (type.DeclaringType is { } outer) type = outer;
            return rooms.GetValueOrDefault(type.FullName.Split('`')[0]);
        }
    }

    private static IEnumerable<TypeReference> Mentioned(TypeDefinition type) =>
        new[] { type.BaseType }.Concat(type.Interfaces.Select(face => face.InterfaceType))
            .Concat(type.Fields.Select(field => field.FieldType))
            .Concat(type.Methods.SelectMany(method => Signature(method).Concat(method.HasBody ? Body(method.Body) : [])))
            .Where(mentioned => mentioned is not null).SelectMany(Parts!);

    private static IEnumerable<TypeReference> Signature(MethodReference method) =>
        method.Parameters.Select(parameter => parameter.ParameterType).Append(method.ReturnType)
            .Concat(method is GenericInstanceMethod generic ? generic.GenericArguments : []);

    private static IEnumerable<TypeReference> Body(MethodBody body) =>
        body.Variables.Select(variable => variable.VariableType)
            .Concat(body.Instructions.SelectMany(instruction => instruction.Operand switch
        {
            TypeReference type => [type],
            MethodReference method => Signature(method).Append(method.DeclaringType),
            FieldReference field => [field.DeclaringType, field.FieldType],
            _ => Enumerable.Empty<TypeReference>(),
        }));

    /// <summary>What a generic type or an array is made of.</summary>
    private static IEnumerable<TypeReference> Parts(TypeReference type) => type switch
    {
        GenericInstanceType generic => generic.GenericArguments.SelectMany(Parts).Append(generic.ElementType),
        FunctionPointerType => [],
        TypeSpecification made => Parts(made.ElementType),
        _ => [type],
    };

    [GeneratedRegex(@"^\| `([\w/]+)` \| [^|]+ \| ([^|]*) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"`([\w/]+)`")]
    private static partial Regex Name();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(
        @"^(?:(?:public|internal|static|sealed|abstract|readonly|partial|unsafe|ref) )*(?:class|record struct|record|struct|interface|enum|delegate [\w<>?]+) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
