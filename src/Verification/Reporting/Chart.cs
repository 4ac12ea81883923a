using System.Globalization;
using System.Net;
using System.Text;

namespace DaemonProxy.Verification.Reporting;

/// <summary>A chart as inline SVG: axes with units, and what is drawn between them. Its colours are the page's variables.</summary>
internal sealed class Chart
{
    private const double Left = 50, Right = 14, Upper = 46, Lower = 40;
    private readonly StringBuilder _svg = new();
    private readonly double _width, _height;

    /// <summary>Starts a chart with its axes.</summary>
    /// <param name="title">What the chart shows; screen readers read it, too.</param>
    /// <param name="description">A sentence that describes what can be seen in the chart, for readers who cannot see it.</param>
    /// <param name="x">Across.</param>
    /// <param name="y">Up.</param>
    /// <param name="width">In the chart's own pixels.</param>
    /// <param name="height">In the chart's own pixels.</param>
    /// <param name="margin">Space for labels on the right.</param>
    public Chart(string title, string description, ChartScale x, ChartScale y, double width = 420, double height = 260,
        double margin = Right)
    {
        (X, Y, _width, _height) = (x, y, width, height);
        PlotWidth = width - Left - margin;
        PlotHeight = height - Upper - Lower;
        Add($"<svg viewBox=\"0 0 {N(width)} {N(height)}\" role=\"img\" aria-label=\"{E($"{title}. {description}")}\">");
        Add($"<text class=\"head\" x=\"0\" y=\"14\">{E(title)}</text>");
        foreach (var tick in y.Ticks)
        {
            Add($"<line class=\"{(tick == y.Bottom ? "axis" : "grid")}\" x1=\"{N(Left)}\" x2=\"{N(Left + PlotWidth)}\" "
                + $"y1=\"{N(AtY(tick))}\" y2=\"{N(AtY(tick))}\"/>");
            Add($"<text class=\"tick\" text-anchor=\"end\" x=\"{N(Left - 7)}\" y=\"{N(AtY(tick) + 4)}\">{y.Text(tick)}</text>");
        }

        Add($"<text class=\"unit\" text-anchor=\"end\" x=\"{N(Left - 7)}\" y=\"{N(Upper - 11)}\">{E(y.Unit)}</text>");
        foreach (var tick in x.Ticks)
            Add($"<text class=\"tick\" text-anchor=\"middle\" x=\"{N(AtX(tick))}\" "
                + $"y=\"{N(Upper + PlotHeight + 17)}\">{x.Text(tick)}</text>");
        Add($"<text class=\"unit\" text-anchor=\"end\" x=\"{N(Left + PlotWidth)}\" y=\"{N(height - 5)}\">{E(x.Caption)}</text>");
    }

    private ChartScale X { get; }

    private ChartScale Y { get; }

    private double PlotWidth { get; }

    private double PlotHeight { get; }

    /// <summary>A line through points.</summary>
    public void Line(IEnumerable<(double X, double Y)> points, string style, bool steps = false)
    {
        var path = new StringBuilder();
        double? lastY = null;
        foreach (var (x, y) in points)
        {
            if (steps && lastY is { } before)
                path.Append(CultureInfo.InvariantCulture, $"L{N(AtX(x))} {N(AtY(before))}");
            path.Append(CultureInfo.InvariantCulture, $"{(path.Length == 0 ? 'M' : 'L')}{N(AtX(x))} {N(AtY(y))}");
            lastY = y;
        }

        if (path.Length > 0)
            Add($"<path {style} d=\"{path}\"/>");
    }

    /// <summary>Draws a bar from the bottom of the chart.</summary>
    public void Bar(double fromX, double toX, double y, string tone)
    {
        var (left, right) = (AtX(fromX), AtX(toX));
        var gap = Math.Min(3, (right - left) * 0.2);
        Add($"<rect class=\"{tone}\" x=\"{N(left + gap / 2)}\" y=\"{N(AtY(y))}\" width=\"{N(Math.Max(0.8, right - left - gap))}\" "
            + $"height=\"{N(Math.Max(0, AtY(Y.Bottom) - AtY(y)))}\" rx=\"{N(Math.Min(2, gap))}\"/>");
    }

    /// <summary>A text at a point.</summary>
    public void Label(
        double x, double y, string text, string tone = "label", string anchor = "middle", double shiftX = 0, double shiftY = -6) =>
        Add($"<text class=\"{tone}\" text-anchor=\"{anchor}\" x=\"{N(AtX(x) + shiftX)}\" y=\"{N(AtY(y) + shiftY)}\">{E(text)}</text>");

    /// <summary>Labels lines at their right ends; labels of lines that end close together are moved apart.</summary>
    public void EndLabels(IEnumerable<(double Y, string Text, string Colour)> labels)
    {
        var lowest = double.MinValue;
        foreach (var (y, text, colour) in labels.OrderBy(label => AtY(label.Y)))
        {
            lowest = Math.Max(AtY(y) + 4, lowest + 15);
            Add($"<text class=\"label\" style=\"fill:{colour}\" x=\"{N(Left + PlotWidth + 8)}\" y=\"{N(lowest)}\">{E(text)}</text>");
        }
    }

    /// <summary>Where a value is, up, in the chart's own pixels.</summary>
    public double AtY(double value) =>
        Upper + PlotHeight - ((Math.Clamp(value, Y.Bottom, Y.Top) - Y.Bottom) / (Y.Top - Y.Bottom) * PlotHeight);

    public override string ToString() => _svg + "</svg>";

    private double AtX(double value) => Left + (value / X.Top * PlotWidth);

    private void Add(string svg) => _svg.Append(svg).Append('\n');

    private static string N(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private static string E(string text) => WebUtility.HtmlEncode(text);
}
