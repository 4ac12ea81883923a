using DaemonProxy.Host.Requests;
using Microsoft.AspNetCore.Http;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// The fields of an earlier request on a client's connection, and the lines that a daemon got for them. A client sends mostly the same
/// fields with each of its requests: those that are the same, character by character and in the same order, have been checked already, and
/// a daemon gets the same lines.
/// </summary>
/// <remarks>
/// A trusted proxy says something else with each of its clients' requests, and the front end changes its fields: they are never known.
/// </remarks>
internal sealed class KnownFields
{
    // More than a browser sends. Whoever sends more, or longer ones, mostly sends others each time, which would only occupy memory.
    private const int Most = 24;
    private const int LongestLines = 2048;

    private (string Name, string Value)[] _fields = [];
    private byte[] _lines = [];
    private Requester? _requester;

    /// <summary>Whether <see cref="TryRecognise"/> has recognised the fields of the present request.</summary>
    public bool AreRecognised { get; private set; }

    /// <summary>The lines for the fields that have been recognised, from <c>Host</c> to <c>X-Forwarded-Host</c>.</summary>
    public ReadOnlySpan<byte> Lines => _lines;

    /// <summary>Begins a request.</summary>
    /// <param name="headers">Its fields.</param>
    /// <param name="requester">Who sent it.</param>
    /// <returns>Whether they are the known ones.</returns>
    public bool TryRecognise(IHeaderDictionary headers, Requester requester) =>
        AreRecognised = ReferenceEquals(requester, _requester) && headers.Count == _fields.Length && AreSame(headers);

    private bool AreSame(IHeaderDictionary headers)
    {
        var next = 0;
        foreach (var (name, values) in headers)
        {
            if (next == _fields.Length || values.Count != 1) return false;
            var known = _fields[next++];
            if (known.Value != values.ToString() || known.Name != name) return false;
        }
        return next == _fields.Length;
    }

    /// <summary>Keeps the fields of a request without a body, which have been checked.</summary>
    /// <param name="headers">The fields.</param>
    /// <param name="requester">Who sent it.</param>
    /// <param name="lines">The lines that a daemon gets.</param>
    public void Keep(IHeaderDictionary headers, Requester requester, ReadOnlySpan<byte> lines)
    {
        if (requester.IsByProxy || headers.Count > Most || lines.Length > LongestLines) return;
        var fields = new List<(string, string)>(headers.Count);
        foreach (var (name, values) in headers)
        {
            if (values.Count != 1) return;
            fields.Add((name, values.ToString()));
        }
        (_fields, _lines, _requester) = ([.. fields], lines.ToArray(), requester);
    }
}
