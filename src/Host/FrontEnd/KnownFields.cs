using System.Numerics;
using DaemonProxy.Daemons;
using DaemonProxy.Host.Requests;
using Microsoft.AspNetCore.Http;

namespace DaemonProxy.Host.FrontEnd;

/// <summary>
/// The fields of an earlier request on a client's connection, and the head that a daemon got for it. A client sends mostly the same fields
/// with each of its requests: those that are the same, character by character and in the same order, have been checked already, and a
/// daemon gets the same lines; or the same head, if the client asks for the same.
/// </summary>
/// <remarks>
/// A trusted proxy says something else with each of its clients' requests, and the front end changes its fields: they are never known.
/// </remarks>
internal sealed class KnownFields
{
    // More than a browser sends. Whoever sends more, or longer ones, mostly sends others each time, which would only occupy memory.
    private const int Most = 24;
    private const int LongestHead = 2048;

    // Whoever sends other fields with each request, a trace's for example, is asked less and less often.
    private const int FewMisses = 4;

    private (string Name, string Value)[] _fields = [];
    private Requester? _requester;
    private byte[] _head = [];
    private int _lines;
    private string? _method;
    private string? _target;
    private string? _lastTarget;
    private uint _misses;

    /// <summary>Whether <see cref="TryRecognise"/> has recognised the fields of the present request.</summary>
    public bool AreRecognised { get; private set; }

    /// <summary>The lines for the fields that have been recognised, from <c>Host</c> to <c>X-Forwarded-Host</c>.</summary>
    public ReadOnlySpan<byte> Lines => _head.AsSpan(_lines, _head.Length - _lines - 2);

    /// <summary>The head for the same method and target with the fields that have been recognised; null: it is not known.</summary>
    /// <param name="method">The method.</param>
    /// <param name="target">The target for the daemon.</param>
    public byte[]? Head(string method, string target) => AreRecognised && _target == target && _method == method ? _head : null;

    /// <summary>Begins a request.</summary>
    /// <param name="headers">Its fields.</param>
    /// <param name="requester">Who sent it.</param>
    /// <returns>Whether they are the known ones.</returns>
    public bool TryRecognise(IHeaderDictionary headers, Requester requester)
    {
        AreRecognised = ReferenceEquals(requester, _requester) && headers.Count == _fields.Length && AreSame(headers);
        _misses = AreRecognised ? 0 : _misses + 1;
        return AreRecognised;
    }

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

    /// <summary>Keeps the fields of a request without a body, which have been checked, and the head for it.</summary>
    /// <param name="headers">The fields.</param>
    /// <param name="requester">Who sent it.</param>
    /// <param name="method">The method.</param>
    /// <param name="target">The target for the daemon.</param>
    /// <param name="head">The head, but for the empty line that ends it.</param>
    public void Keep(IHeaderDictionary headers, Requester requester, string method, string target, RequestHead head)
    {
        // A head is worth keeping for a target that is asked for twice in a row.
        var isNew = target != _lastTarget;
        _lastTarget = target.Length > LongestHead ? null : target;
        if (AreRecognised ? isNew : _misses > FewMisses && !BitOperations.IsPow2(_misses)) return;
        if (requester.IsByProxy || headers.Count > Most || head.Bytes.Length > LongestHead) return;
        if (!AreRecognised && !TryKeep(headers, requester)) return;
        (_method, _target) = (method, target);
        _head = [.. head.Bytes.Span, (byte)'\r', (byte)'\n'];
        _lines = head.Bytes.Length - head.Lines.Length;
    }

    private bool TryKeep(IHeaderDictionary headers, Requester requester)
    {
        var fields = new List<(string, string)>(headers.Count);
        var length = 0;
        foreach (var (name, values) in headers)
        {
            // Some never reach the daemon, and are not in the length of its head.
            if (values.Count != 1 || (length += name.Length + values.ToString().Length) > LongestHead) return false;
            fields.Add((name, values.ToString()));
        }
        (_fields, _requester) = ([.. fields], requester);
        return true;
    }
}
