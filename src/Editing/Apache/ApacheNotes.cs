namespace DaemonProxy.Editing.Apache;

/// <summary>What a conversion has to say about lines, by the place of each line.</summary>
internal sealed class ApacheNotes
{
    private readonly Dictionary<ApacheDirective, string> _lost = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<ApacheDirective, string> _different = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<ApacheDirective> _carried = new(ReferenceEqualityComparer.Instance);
    private readonly List<ApacheDirective> _order = [];

    /// <summary>The lines that are not carried over.</summary>
    public IReadOnlyList<ApacheNote> Lost => Notes(_lost);

    /// <summary>The lines that are carried over but have a different meaning here.</summary>
    public IReadOnlyList<ApacheNote> Different => Notes(_different);

    /// <summary>Notes that a line is not carried over. The first reason given counts.</summary>
    public void Lose(ApacheDirective line, string reason) => Add(_lost, line, reason);

    /// <summary>Notes that a line is carried over but has a different meaning here.</summary>
    public void Differ(ApacheDirective line, string reason) => Add(_different, line, reason);

    /// <summary>Notes that a line is carried over, either as it is or because this product behaves that way anyway.</summary>
    public void Carry(ApacheDirective line) => _carried.Add(line);

    /// <summary>Whether a line has been dealt with.</summary>
    public bool IsDone(ApacheDirective line) => _carried.Contains(line) || _lost.ContainsKey(line) || _different.ContainsKey(line);

    /// <summary>Notes that a line and everything in it are not carried over.</summary>
    public void LoseAll(ApacheDirective line, string reason)
    {
        Lose(line, reason);
        foreach (var child in line.Children ?? [])
            LoseAll(child, reason);
    }

    private void Add(Dictionary<ApacheDirective, string> notes, ApacheDirective line, string reason)
    {
        if (notes.TryAdd(line, reason))
            _order.Add(line);
    }

    private List<ApacheNote> Notes(Dictionary<ApacheDirective, string> notes)
    {
        var files = _order.Select(line => line.File).Distinct().ToList();
        return [.. notes.OrderBy(note => files.IndexOf(note.Key.File)).ThenBy(note => note.Key.Line)
            .Select(note => new ApacheNote(note.Key.File, note.Key.Line, note.Key.Text, note.Value))];
    }
}
