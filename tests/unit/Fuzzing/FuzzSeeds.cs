using System.Globalization;
using System.Text;

namespace DaemonProxy.Tests.Fuzzing;

/// <summary>
/// What a target's mutations start from: the files of <c>tests/fuzz/seeds/TARGET</c>. <c>*.txt</c> has one seed a line, with
/// <c>\r \n \t \\ \xHH</c> for what a line cannot hold; <c>dictionary.txt</c> has the words that mutations put in, written likewise; any
/// other file is one seed as it is.
/// </summary>
internal sealed record FuzzSeeds(IReadOnlyList<byte[]> Seeds, IReadOnlyList<byte[]> Dictionary)
{
    public static FuzzSeeds Of(string target, params IEnumerable<byte[]> more)
    {
        var folder = Path.Combine(RepositoryRoot.Path, "tests", "fuzz", "seeds", target);
        var seeds = new List<byte[]>(more);
        foreach (var file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            if (Path.GetFileName(file) == "dictionary.txt") continue;
            if (file.EndsWith(".txt", StringComparison.Ordinal)) seeds.AddRange(Lines(file));
            else seeds.Add(File.ReadAllBytes(file));
        }
        return new(seeds, [.. Lines(Path.Combine(folder, "dictionary.txt"))]);
    }

    /// <summary>The escaped lines of a file, without blank ones.</summary>
    public static IEnumerable<byte[]> Lines(string file) => File.ReadLines(file).Where(line => line.Length > 0).Select(Unescape);

    /// <summary>The bytes of a line: UTF-8, with the escapes taken for what they are.</summary>
    public static byte[] Unescape(string line)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] != '\\')
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(line, i, 1));
                continue;
            }
            switch (line[++i])
            {
                case 'r': bytes.Add((byte)'\r'); break;
                case 'n': bytes.Add((byte)'\n'); break;
                case 't': bytes.Add((byte)'\t'); break;
                case '\\': bytes.Add((byte)'\\'); break;
                case 'x':
                    bytes.Add(byte.Parse(line.AsSpan(i + 1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                    i += 2;
                    break;
                case var other: throw new FormatException($"'\\{other}' is no escape: {line}");
            }
        }
        return [.. bytes];
    }
}
