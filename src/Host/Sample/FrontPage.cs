using System.Net;
using System.Text;

namespace DaemonProxy.Host.Sample;

/// <summary>The page at <c>/</c>, which introduces the application and lists its endpoints.</summary>
internal static class FrontPage
{
    private const string Head =
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>DaemonProxy sample application</title>
        <style>
        :root { color-scheme: light dark; --ink: #1c2733; --soft: #5d6b7a; --line: #dfe5ec; --paper: #fff; --accent: #0b6bcb }
        @media (prefers-color-scheme: dark) { :root { --ink: #e4eaf0; --soft: #93a1b0; --line: #2c3743; --paper: #12181f; --accent: #6db3f8 } }
        body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 46rem; margin: 3rem auto; padding: 0 1.25rem }
        h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .75rem }
        p { margin: 0 0 1rem }
        dl { margin: 2rem 0 0; border-top: 1px solid var(--line) }
        dl div { padding: .85rem 0; border-bottom: 1px solid var(--line) }
        dt a { font: .95rem ui-monospace, monospace; color: var(--accent); text-decoration: none; overflow-wrap: anywhere }
        dt a:hover, dt a:focus { text-decoration: underline }
        dd { margin: .2rem 0 0; color: var(--soft) }
        code { font: .92em ui-monospace, monospace }
        </style>
        </head>
        <body>
        <h1>It works: this page came through DaemonProxy</h1>
        <p>This is the sample application. It runs in a daemon process of its own; the front end relayed what it answered, under the
        flush policy and the rate limit that are configured for it.</p>
        <p>Each address below answers in another shape or at another pace. Put your own application in its place in the configuration
        file, or try what the relay does to these.</p>
        <dl>

        """;

    private const string Foot =
        """
        </dl>
        </body>
        </html>

        """;

    /// <summary>Makes the page from the endpoints that it lists.</summary>
    public static SampleEndpoint Create(IEnumerable<SampleEndpoint> endpoints)
    {
        var html = new StringBuilder(Head);
        foreach (var endpoint in endpoints)
        {
            var example = WebUtility.HtmlEncode(endpoint.Example);
            html.Append($"<div><dt><a href=\"{example}\">/{example}</a></dt><dd>{endpoint.Does}</dd></div>\n");
        }

        var page = Encoding.UTF8.GetBytes(html.Append(Foot).ToString());
        return new SampleEndpoint("/", string.Empty, string.Empty, [], exchange => exchange.SendAsync(page, "text/html; charset=utf-8"));
    }
}
