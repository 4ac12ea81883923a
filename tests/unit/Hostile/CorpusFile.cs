using System.Globalization;
using System.Text;

namespace DaemonProxy.Tests.Hostile;

/// <summary>
/// A file of cases in <c>tests/hostile</c>: one a line, its columns separated by tabs; lines that begin with <c>#</c> are comments. In a
/// column, <c>\r \n \t \0 \\ \xHH</c> stand for bytes, and text is UTF-8.
/// </summary>
internal static class CorpusFile
{
    public static IReadOnlyList<string[]> Read(string name) =>
    [
        .. File.ReadLines(Path.Combine(RepositoryRoot.Path, "tests", "hostile", name)).Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => line.Split('\t')),
    ];

    /// <summary>The bytes that a column stands for.</summary>
    public static byte[] Bytes(string column)
    {
        var bytes = new List<byte>(column.Length);
        for (var i = 0; i < column.Length; i++)
        {
            if (column[i] != '\\')
            {
                var rune = Rune.GetRuneAt(column, i);
                if (rune.Utf16SequenceLength == 2) i++;
                bytes.AddRange(Encoding.UTF8.GetBytes(rune.ToString()));
                continue;
            }
            switch (column[++i])
            {
                case 'r': bytes.Add((byte)'\r'); break;
                case 'n': bytes.Add((byte)'\n'); break;
                case 't': bytes.Add((byte)'\t'); break;
                case '0': bytes.Add(0); break;
                case '\\': bytes.Add((byte)'\\'); break;
                case 'x':
                    bytes.Add(byte.Parse(column.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                    i += 2;
                    break;
                default: throw new FormatException($"'\\{column[i]}' in: {column}");
            }
        }
        return [.. bytes];
    }

    /// <summary>The text that a column stands for, a character for each byte.</summary>
    public static string Text(string column) => Encoding.Latin1.GetString(Bytes(column));
}
