using System.Text;

namespace DaemonProxy.Editing;

/// <summary>Edits mappings and lists that have lines of their own.</summary>
internal sealed partial class TextEditor
{
    private string BlockMapping(SectionValue section, SourceMapping source)
    {
        var (kept, added) = Plan(section, source);
        var indent = Column(source.Start);
        var lines = new Lines(_yaml.NewLine, indent);
        AddKeys(-1);
        var end = source.Start;
        for (var i = 0; i < source.Pairs.Count; i++)
        {
            var pair = source.Pairs[i];
            var lead = Slice(end, pair.Key.Start);
            end = SourceReader.LineEnd(_text, pair.Value.End);
            if (kept.Contains(i))
                lines.Add(lead, Pair(section, pair, inFlow: false) + Slice(pair.Value.End, end));
            else
                lines.Keep(lead);
            AddKeys(i);
        }

        return lines.ToString();

        void AddKeys(int behind)
        {
            foreach (var key in added.GetValueOrDefault(behind, []))
            {
                // At the top, a blank line sets a list of daemons or routes apart.
                var apart = indent == 0 && section[key] is ListValue list && list.Items.Exists(item => item is SectionValue)
                    ? _yaml.NewLine : "";
                lines.Add(apart, _yaml.Entry(key, section[key]!, indent));
            }
        }
    }

    private string BlockList(ListValue list, SourceList source)
    {
        var indent = Column(source.Start);
        var pieces = new List<(string Lead, int Dash, int End)>();
        var end = source.Start;
        foreach (var item in source.Items)
        {
            var dash = Dash(end);
            pieces.Add((Slice(end, dash), dash, SourceReader.LineEnd(_text, item.End)));
            end = pieces[^1].End;
        }

        var lines = new Lines(_yaml.NewLine, indent);
        var places = list.Items.Select(item => IndexOf(item, source)).ToList();
        var next = 0;
        for (var i = 0; i < places.Count; i++)
        {
            if (places[i] is not { } place)
            {
                lines.Add("", _yaml.Item(list.Items[i], indent));
                continue;
            }

            for (; next < place; next++)
            {
                if (!places.Contains(next))
                    lines.Keep(WithoutOwnComment(pieces[next].Lead));
            }

            next = Math.Max(next, place + 1);
            var item = source.Items[place];
            lines.Add(pieces[place].Lead,
                Slice(pieces[place].Dash, item.Start) + Edited(list.Items[i], item)
                + Slice(item.End, Math.Max(item.End, pieces[place].End)));
        }

        for (; next < pieces.Count; next++)
        {
            if (!places.Contains(next))
                lines.Keep(WithoutOwnComment(pieces[next].Lead));
        }

        return lines.ToString();
    }

    /// <summary>Finds the dash of the item that begins after a position; comments may precede it.</summary>
    private int Dash(int from)
    {
        while (_text[from] != '-')
            from = _text[from] == '#' ? LineBreak.NextLine(_text, from) : from + 1;
        return from;
    }

    private int Column(int place) => place - LineBreak.LastLine(_text.AsSpan(0, place));

    /// <summary>The text before an item, up to the last blank line.</summary>
    private static string WithoutOwnComment(string lead)
    {
        var end = 0;
        for (var at = 0; at < lead.Length;)
        {
            var next = LineBreak.NextLine(lead, at);
            if (!LineBreak.Ends(lead.AsSpan(0, next))) break;
            if (string.IsNullOrWhiteSpace(lead[at..next])) end = next;
            at = next;
        }

        return lead[..end];
    }

    /// <summary>
    /// Collects entries in lines. The first entry begins where the mapping or list began, so its indentation or its dash is already there.
    /// </summary>
    private sealed class Lines(string newLine, int indent)
    {
        private readonly StringBuilder _text = new();
        private string _kept = "";

        /// <summary>Adds an entry together with the blank lines and comments that preceded it.</summary>
        public void Add(string lead, string entry)
        {
            lead = _kept + lead;
            _kept = "";
            if (_text.Length == 0)
            {
                _text.Append(lead.TrimStart());
                if (_text.Length > 0 && !lead.EndsWith(' ')) _text.Append(' ', indent);
            }
            else
            {
                if (!LineBreak.Is(_text[^1])) _text.Append(newLine);
                _text.Append(lead);
                if (Indentation(lead) < indent) _text.Append(' ', indent - Indentation(lead));
            }

            _text.Append(entry);
        }

        /// <summary>Keeps the comments that preceded a removed entry.</summary>
        public void Keep(string lead)
        {
            var lines = lead[..LineBreak.LastLine(lead)];
            if (!string.IsNullOrWhiteSpace(lines)) _kept += lines;
        }

        public override string ToString()
        {
            if (_kept.Length > 0 && _text.Length > 0 && !LineBreak.Is(_text[^1])) _text.Append(newLine);
            return _text.Append(_kept).ToString();
        }

        private static int Indentation(string lead) => lead.Length - LineBreak.LastLine(lead);
    }
}
