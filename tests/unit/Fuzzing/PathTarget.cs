using System.Text;
using System.Text.RegularExpressions;
using DaemonProxy.Configuration;
using DaemonProxy.Events;
using DaemonProxy.Requests;
using Xunit;

namespace DaemonProxy.Tests.Fuzzing;

/// <summary>
/// A path is normalised to one that stays as it is when it is normalised again, holds no dot segments, no empty ones and nothing but
/// printable ASCII, and is decoded exactly once: its segments are the ones that an oracle finds, which decodes the path as it came and
/// resolves the dots only then.
/// </summary>
internal static partial class PathTarget
{
    public static void Check(byte[] input)
    {
        var path = "/" + Encoding.Latin1.GetString(input).TrimStart('/');
        foreach (var slashes in Enum.GetValues<EncodedSlashes>())
        {
            RequestPath normal;
            try
            {
                normal = RequestPath.Normalise(path, slashes);
            }
            catch (BrokenResponseException refused)
            {
                Assert.Contains(refused.Reason, new[] { EventCatalogue.RequestMalformed, EventCatalogue.EncodedSlashRefused });
                continue;
            }
            Assert.Equal(normal, RequestPath.Normalise(normal.Encoded, slashes));
            Assert.Matches(Normal(), normal.Encoded);
            var segments = normal.Encoded[1..].Split('/').Select(Decode).ToList();
            Assert.Equal(Oracle(path, slashes), segments);
            // What a daemon makes of it when it takes an encoded slash for a slash.
            foreach (var part in segments.SelectMany(segment => segment.Split('/')))
                Assert.False(part is "." or "..", $"'{normal.Encoded}' has a dot segment");
            // Whoever decodes the path once has what routes and conditions see.
            var decoded = string.Join('/', segments.Select((segment, i) => (i == 0 ? "/" : "") + segment));
            if (slashes == EncodedSlashes.Keep) decoded = Slashes().Replace(decoded, "/");
            Assert.Equal(Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(decoded)), normal.Decoded);
        }
    }

    /// <summary>The segments that a path means, a character for each byte.</summary>
    private static List<string> Oracle(string path, EncodedSlashes slashes)
    {
        if (slashes == EncodedSlashes.Decode) path = path.Replace("%2f", "/", StringComparison.OrdinalIgnoreCase);
        var found = new List<string>();
        var parts = path[1..].Split('/').Select(Decode).ToList();
        for (var i = 0; i < parts.Count; i++)
        {
            var isLast = i == parts.Count - 1;
            if (parts[i] is not ("" or "." or "..")) found.Add(parts[i]);
            else
            {
                if (parts[i] == "..") found.RemoveAt(found.Count - 1);
                if (isLast) found.Add("");
            }
        }
        return found;
    }

    private static string Decode(string segment) =>
        Escape().Replace(segment, escape => ((char)Convert.ToByte(escape.Groups[1].Value, 16)).ToString());

    [GeneratedRegex(@"\A(/[A-Za-z0-9\-._~!$&'()*+,;=:@%]+)*/?\z")]
    private static partial Regex Normal();

    [GeneratedRegex("%([0-9A-Fa-f]{2})")]
    private static partial Regex Escape();

    [GeneratedRegex("/{2,}")]
    private static partial Regex Slashes();
}
