using System.Text;

namespace DaemonProxy.Display;

/// <summary>Rows of text in aligned columns, for a terminal.</summary>
/// <param name="columns">Heading of each column, and whether it is aligned to the right, as numbers are.</param>
public sealed class TextTable(params ReadOnlySpan<(string Heading, bool IsNumber)> columns)
{
    private const string Gap = "  ";

    private readonly (string Heading, bool IsNumber)[] _columns = columns.ToArray();
    private readonly List<string[]> _rows = [];

    /// <summary>The length of its longest line, in characters.</summary>
    public int Width => Widths().Sum() + (Gap.Length * (_columns.Length - 1));

    /// <summary>Adds a row.</summary>
    /// <param name="cells">One for each column.</param>
    public void Add(params string[] cells) => _rows.Add(cells.Length == _columns.Length
        ? cells
        : throw new ArgumentException($"A row of {_columns.Length} columns has {cells.Length} cells.", nameof(cells)));

    /// <summary>The table without those columns that it has to leave out to fit; what is still too wide stays so.</summary>
    /// <param name="width">The most characters in a line.</param>
    /// <param name="dispensable">Headings of the columns that may be left out, the least important first.</param>
    public TextTable Fit(int width, params ReadOnlySpan<string> dispensable)
    {
        var table = this;
        foreach (var heading in dispensable)
        {
            if (table.Width <= width)
                break;
            table = table.Without(heading);
        }

        return table;
    }

    /// <summary>The table, headings first; every line ends with a line break.</summary>
    public override string ToString()
    {
        var widths = Widths();
        var text = new StringBuilder();
        AppendLine([.. _columns.Select(column => column.Heading)]);
        AppendLine([.. widths.Select(width => new string('-', width))]);
        _rows.ForEach(AppendLine);
        return text.ToString();

        void AppendLine(string[] cells)
        {
            var padded = cells.Select((cell, i) => _columns[i].IsNumber ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]));
            text.AppendLine(string.Join(Gap, padded).TrimEnd());
        }
    }

    private int[] Widths() =>
        [.. _columns.Select((column, i) => _rows.Select(row => row[i].Length).Append(column.Heading.Length).Max())];

    private TextTable Without(string heading)
    {
        var kept = Enumerable.Range(0, _columns.Length).Where(i => _columns[i].Heading != heading).ToArray();
        var table = new TextTable([.. kept.Select(i => _columns[i])]);
        foreach (var row in _rows)
            table.Add([.. kept.Select(i => row[i])]);
        return table;
    }
}
