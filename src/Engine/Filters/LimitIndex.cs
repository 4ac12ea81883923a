using System.Runtime.InteropServices;
using DaemonProxy.Configuration;
using DaemonProxy.Requests;

namespace DaemonProxy.Filters;

/// <summary>
/// The limits of one direction that one place of a configuration has, found by what a request meets of their conditions: those with
/// <c>paths</c> by the path, others with <c>content-types</c> by the type. What a request costs grows with the number of limits that may
/// apply to it, not with the number of limits.
/// </summary>
public sealed class LimitIndex
{
    // Fewer limits than this are asked in turn sooner than they are looked up.
    private const int WorthIndexing = 8;

    private readonly LiveRateLimit[] _limits;

    // Positions in _limits; null: all of them.
    private readonly int[]? _always;
    private readonly PathTree<List<int>>? _byPath;
    private readonly Dictionary<string, List<int>>? _byType;

    /// <summary>Creates the index.</summary>
    /// <param name="limits">The limits, in the order of the configuration.</param>
    public LimitIndex(params IReadOnlyList<LiveRateLimit> limits)
    {
        _limits = [.. limits];
        if (_limits.Length < WorthIndexing) return;
        var always = new List<int>();
        for (var i = 0; i < _limits.Length; i++)
        {
            var conditions = _limits[i].Conditions;
            if (conditions.Paths.Count > 0 && conditions.Paths.All(path => Place(path).Length > 0))
            {
                _byPath ??= new();
                foreach (var path in conditions.Paths) (_byPath.At(Place(path)) ??= []).Add(i);
            }
            else if (conditions.ContentTypes.Count > 0 && conditions.ContentTypes.All(IsKindAndSubtype))
            {
                _byType ??= new(StringComparer.OrdinalIgnoreCase);
                foreach (var type in conditions.ContentTypes)
                    Add(_byType, type.EndsWith("/*", StringComparison.Ordinal) ? type[..^1] : type, i);
            }
            else always.Add(i);
        }
        _always = [.. always];
    }

    /// <summary>The limits, in the order of the configuration.</summary>
    public IReadOnlyList<LiveRateLimit> Limits => _limits;

    /// <summary>Whether any of the limits has a rate at present. Most routes have one without, so that it can be given one.</summary>
    public bool HasRate
    {
        get
        {
            foreach (var limit in _limits)
            {
                if (limit.Limit.Rate > 0) return true;
            }
            return false;
        }
    }

    /// <summary>Adds every limit whose conditions a response or an upload meets.</summary>
    /// <param name="facts">The response or the upload.</param>
    /// <param name="isOfAll">Whether the limits are those of all routes.</param>
    /// <param name="met">Receives them.</param>
    internal void Find(in BodyFacts facts, bool isOfAll, ref MetLimits met)
    {
        if (_always is null)
        {
            for (var i = 0; i < _limits.Length; i++) AddIfMet(i, facts, isOfAll, ref met);
            return;
        }
        Add(_always, facts, isOfAll, ref met);
        if (_byPath is not null)
        {
            foreach (var limits in _byPath.Along(facts.Path)) Add(CollectionsMarshal.AsSpan(limits), facts, isOfAll, ref met);
        }
        if (_byType is null) return;
        var type = RateConditions.MediaType(facts.ContentType);
        var types = _byType.GetAlternateLookup<ReadOnlySpan<char>>();
        if (types.TryGetValue(type, out var found)) Add(CollectionsMarshal.AsSpan(found), facts, isOfAll, ref met);
        var slash = type.IndexOf('/');
        // A type that ends here has just been found.
        if (slash >= 0 && slash < type.Length - 1 && types.TryGetValue(type[..(slash + 1)], out found))
            Add(CollectionsMarshal.AsSpan(found), facts, isOfAll, ref met);
    }

    private void Add(ReadOnlySpan<int> places, in BodyFacts facts, bool isOfAll, ref MetLimits met)
    {
        foreach (var place in places) AddIfMet(place, facts, isOfAll, ref met);
    }

    private void AddIfMet(int place, in BodyFacts facts, bool isOfAll, ref MetLimits met)
    {
        if (_limits[place].Conditions.Match(facts)) met.Add(_limits[place].Scope, isOfAll, place);
    }

    private static void Add(Dictionary<string, List<int>> index, string key, int place)
    {
        if (!index.TryGetValue(key, out var places)) index.Add(key, places = []);
        places.Add(place);
    }

    // The whole segments that everything begins with that the path or pattern of a condition matches.
    private static ReadOnlySpan<char> Place(string path)
    {
        if (path is not ['/', ..]) return [];
        var star = path.IndexOf('*', StringComparison.Ordinal);
        if (star < 0) return path.AsSpan().TrimEnd('/');
        return path.AsSpan(0, path.LastIndexOf('/', star));
    }

    private static bool IsKindAndSubtype(string type) =>
        type.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash && slash < type.Length - 1 && !type.AsSpan(slash + 1).Contains('/');
}
