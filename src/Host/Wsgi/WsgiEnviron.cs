using System.Globalization;
using System.Text;
using DaemonProxy.Host.Hosting;
using DaemonProxy.Host.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DaemonProxy.Host.Wsgi;

/// <summary>Builds the CGI variables of a request as mod_wsgi does (PEP 3333; RFC 3875, section 4.1).</summary>
internal static class WsgiEnviron
{
    private static readonly string Software = $"DaemonProxy/{HostVersion.Number}";

    /// <summary>Builds the variables. Values are Latin-1: one character per byte.</summary>
    /// <param name="request">The request as the server provides it.</param>
    /// <param name="target">The normalised target of the request.</param>
    /// <param name="hasBody">Whether the request has a body.</param>
    /// <param name="connection">The connection of the client that sent the request.</param>
    public static List<KeyValuePair<string, string>> Create(
        IHttpRequestFeature request, string target, bool hasBody, WsgiConnection connection)
    {
        var headers = request.Headers;
        var question = target.IndexOf('?', StringComparison.Ordinal);
        var path = Decode(question < 0 ? target : target.AsSpan(0, question));
        // The route was found by the decoded path, which begins with the script's path.
        var script = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(connection.Script));
        var info = path.StartsWith(script, StringComparison.Ordinal) ? path[script.Length..] : path;
        var (name, port) = Server(headers.Host.ToString(), connection);
        var environ = new List<KeyValuePair<string, string>>(24)
        {
            new("REQUEST_METHOD", request.Method),
            new("SCRIPT_NAME", Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(connection.Prefix)) + script),
            new("PATH_INFO", info),
            new("QUERY_STRING", question < 0 ? "" : target[(question + 1)..]),
            new("REQUEST_URI", target),
            new("REQUEST_SCHEME", connection.Scheme),
            new("SERVER_NAME", name),
            new("SERVER_PORT", port),
            new("SERVER_PROTOCOL", connection.Protocol),
            new("SERVER_SOFTWARE", Software),
            new("GATEWAY_INTERFACE", "CGI/1.1"),
            new("REMOTE_ADDR", connection.RemoteAddress),
            new("REMOTE_PORT", connection.RemotePort.ToString(CultureInfo.InvariantCulture)),
            new("wsgi.url_scheme", connection.Scheme),
        };
        if (headers.ContentType is { Count: > 0 } type) environ.Add(new("CONTENT_TYPE", type.ToString()));
        if (headers.ContentLength is { } length) environ.Add(new("CONTENT_LENGTH", length.ToString(CultureInfo.InvariantCulture)));
        // A body without a length, however it came: CherryPy does not know wsgi.input_terminated, and asks for this before it reads.
        else if (hasBody) environ.Add(new("HTTP_TRANSFER_ENCODING", "chunked"));
        foreach (var (header, values) in headers)
        {
            if (!RequestHeaders.MayPass(header, headers.Connection) || header is "Content-Type" or "Content-Length") continue;
            environ.Add(new(
                Variable(header), values.Count == 1 ? values[0] ?? "" : string.Join(header == "Cookie" ? "; " : ", ", values!)));
        }
        return environ;
    }

    private static string Variable(string header) => header switch
    {
        "Host" => "HTTP_HOST",
        "Accept" => "HTTP_ACCEPT",
        "User-Agent" => "HTTP_USER_AGENT",
        "Cookie" => "HTTP_COOKIE",
        _ => string.Create(header.Length + 5, header, static (text, header) =>
        {
            "HTTP_".CopyTo(text);
            for (var i = 0; i < header.Length; i++) text[i + 5] = header[i] == '-' ? '_' : char.ToUpperInvariant(header[i]);
        }),
    };

    // Like Apache with UseCanonicalName Off: the name that the client used for the server.
    private static (string Name, string Port) Server(string host, WsgiConnection connection)
    {
        var parsed = new HostString(host);
        var port = connection.ForwardedPort > 0
            ? connection.ForwardedPort : parsed.Port ?? (host.Length > 0 ? connection.Scheme == "https" ? 443 : 80 : connection.ServerPort);
        return (host.Length > 0 ? parsed.Host : "localhost", port.ToString(CultureInfo.InvariantCulture));
    }

    private static string Decode(ReadOnlySpan<char> path)
    {
        if (path.IndexOf('%') < 0) return path.ToString();
        var text = new StringBuilder(path.Length);
        for (var i = 0; i < path.Length; i++)
        {
            // An encoded slash gets this far only with encoded-slashes: keep, and stays encoded as with Apache's NoDecode.
            if (path[i] == '%' && !path[i..].StartsWith("%2F", StringComparison.Ordinal) && i + 2 < path.Length
                && byte.TryParse(path.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                text.Append((char)value);
                i += 2;
            }
            else text.Append(path[i]);
        }
        return text.ToString();
    }
}
