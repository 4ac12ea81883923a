using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace DaemonProxy.Host.Telemetry;

/// <summary>
/// Reads the trace that a client's request belongs to (W3C Trace Context, sections 3.2 and 3.3). Whatever does not keep to the letter is
/// taken for no trace at all, as section 4.3 demands: a guess would join requests that have nothing to do with each other.
/// </summary>
internal static class TraceContext
{
    /// <summary>The length of a traceparent of version 00.</summary>
    private const int Length = 55;

    // Section 3.3.1.1: more members are not a list that anybody has to keep.
    private const int MostMembers = 32;
    private const int LongestState = 8192;

    private static readonly SearchValues<char> Hexadecimal = SearchValues.Create("0123456789abcdef");
    private static readonly SearchValues<char> KeyCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-*/");

    // Printable ASCII without comma and equals sign.
    private static readonly SearchValues<char> ValueCharacters = SearchValues.Create(
        [.. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code).Where(character => character is not (',' or '='))]);

    /// <summary>The context that a request carries; null: none, or none that is valid.</summary>
    /// <param name="parent">Its traceparent.</param>
    /// <param name="state">Its tracestate; left out of the context where it is malformed.</param>
    public static ActivityContext? Read(StringValues parent, StringValues state)
    {
        if (parent.Count != 1 || parent.ToString() is not { Length: >= Length } text) return null;
        var version = text.AsSpan(0, 2);
        var trace = text.AsSpan(3, 32);
        var span = text.AsSpan(36, 16);
        var flags = text.AsSpan(53, 2);
        if (text[2] != '-' || text[35] != '-' || text[52] != '-') return null;
        if (!IsHexadecimal(version) || !IsHexadecimal(trace) || !IsHexadecimal(span) || !IsHexadecimal(flags)) return null;
        if (version is "ff" || !trace.ContainsAnyExcept('0') || !span.ContainsAnyExcept('0')) return null;
        // A later version may have more to say, after another dash.
        if (version is "00" ? text.Length != Length : text.Length > Length && text[Length] != '-') return null;
        var isSampled = (byte.Parse(flags, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) & 1) != 0;
        return new(
            ActivityTraceId.CreateFromString(trace), ActivitySpanId.CreateFromString(span),
            isSampled ? ActivityTraceFlags.Recorded : ActivityTraceFlags.None, ValidState(state), isRemote: true);
    }

    private static bool IsHexadecimal(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(Hexadecimal);

    /// <summary>A tracestate as one list; null: there is none, or it is malformed.</summary>
    private static string? ValidState(StringValues state)
    {
        if (state.Count == 0) return null;
        var list = state.Count == 1 ? state.ToString() : string.Join(',', state.ToArray());
        if (list.Length is 0 or > LongestState) return null;
        var members = 0;
        foreach (var range in list.AsSpan().Split(','))
        {
            var member = list.AsSpan(range).Trim(" \t");
            // Empty members are allowed, because other programs leave them behind.
            if (member.IsEmpty) continue;
            if (++members > MostMembers || !IsMember(member)) return null;
        }
        return members == 0 ? null : list;
    }

    private static bool IsMember(ReadOnlySpan<char> member)
    {
        var equals = member.IndexOf('=');
        if (equals <= 0) return false;
        var key = member[..equals];
        var value = member[(equals + 1)..];
        if (value.Length is 0 or > 256 || value.ContainsAnyExcept(ValueCharacters)) return false;
        var at = key.IndexOf('@');
        return at < 0
            ? key.Length <= 256 && IsKey(key) && char.IsAsciiLetterLower(key[0])
            : at is > 0 and <= 241 && IsKey(key[..at]) && key.Length - at - 1 is > 0 and <= 14 && IsKey(key[(at + 1)..])
            && char.IsAsciiLetterLower(key[at + 1]);
    }

    private static bool IsKey(ReadOnlySpan<char> key) => !key.ContainsAnyExcept(KeyCharacters);
}
