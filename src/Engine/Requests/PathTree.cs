namespace DaemonProxy.Requests;

/// <summary>
/// Values by path prefixes of whole segments: <c>/a</c> is a prefix of <c>/a</c> and <c>/a/b</c>, not of <c>/ab</c>. A search goes down one
/// segment at a time and looks at each character of the path once at most, so that its cost depends on neither the number of prefixes nor,
/// beyond its length, on what a client sends. It allocates nothing. Segments are compared as they are: normalise paths first.
/// </summary>
/// <typeparam name="T">The value of a prefix.</typeparam>
internal sealed class PathTree<T>
    where T : class
{
    private readonly Node _root = new();

    /// <summary>The value of a prefix, to be set before the first search; null: none. Slashes at its end do not count.</summary>
    /// <param name="prefix">The prefix, which begins with a slash, or empty: the prefix of every path.</param>
    /// <exception cref="ArgumentException">The prefix begins with something else.</exception>
    public ref T? At(ReadOnlySpan<char> prefix)
    {
        if (prefix is not ([] or ['/', ..])) throw new ArgumentException("a prefix begins with a slash", nameof(prefix));
        var node = _root;
        for (var rest = prefix.TrimEnd('/'); !rest.IsEmpty;)
        {
            var end = EndOfSegment(rest);
            node = node.ChildOrNew(rest[1..end].ToString());
            rest = rest[end..];
        }
        return ref node.Value;
    }

    /// <summary>Enumerates the values of all prefixes of a path, the shortest first.</summary>
    /// <param name="path">The path, which begins with a slash, or empty.</param>
    public Search Along(ReadOnlySpan<char> path) => new(_root, path);

    // A segment begins with its slash.
    private static int EndOfSegment(ReadOnlySpan<char> path)
    {
        var length = path[1..].IndexOf('/');
        return length < 0 ? path.Length : length + 1;
    }

    /// <summary>A prefix and those that are longer by one segment.</summary>
    internal sealed class Node
    {
        // Most prefixes have none longer.
        private Dictionary<string, Node>? _children;

        public T? Value;

        public Node ChildOrNew(string segment)
        {
            _children ??= new(1, StringComparer.Ordinal);
            if (!_children.TryGetValue(segment, out var child)) _children.Add(segment, child = new());
            return child;
        }

        public Node? Child(ReadOnlySpan<char> segment) =>
            _children is not null && _children.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(segment, out var child) ? child : null;
    }

    /// <summary>A search that is under way.</summary>
    internal ref struct Search
    {
        private ReadOnlySpan<char> _rest;
        private Node? _next;

        internal Search(Node root, ReadOnlySpan<char> path)
        {
            _rest = path;
            // What does not begin with a slash has no prefix, not even the empty one.
            _next = path is [] or ['/', ..] ? root : null;
            Current = null!;
        }

        /// <summary>The value that was found last.</summary>
        public T Current { get; private set; }

        /// <summary>The search itself, for <c>foreach</c>.</summary>
        public readonly Search GetEnumerator() => this;

        /// <summary>Goes on to the next longer prefix of the path that has a value.</summary>
        public bool MoveNext()
        {
            while (_next is { } node)
            {
                if (_rest.IsEmpty) _next = null;
                else
                {
                    var end = EndOfSegment(_rest);
                    _next = node.Child(_rest[1..end]);
                    _rest = _rest[end..];
                }
                if (node.Value is null) continue;
                Current = node.Value;
                return true;
            }
            return false;
        }
    }
}
