using System.Text;

namespace DaemonProxy.Events;

/// <summary>Renders the event catalogue as a page for people: <c>docs/error-reference.md</c>.</summary>
public static class ErrorReference
{
    /// <summary>The page, in Markdown.</summary>
    public static string Markdown()
    {
        var page = new StringBuilder("""
            # Events

            Every event that DaemonProxy logs, or whose code it keeps from mod_wsgi: `WSGI` codes have the original's number and meaning, `DPXY` codes are ours. A client
            that gets an error in the application's stead finds the code in the answer's text; the event log has the event with the request it belongs to.
            `Get-DaemonProxyEvent` reads the log, and `daemonproxy explain CODE` prints an entry of this page, which is made from the catalogue in the code
            (`daemonproxy explain > docs/error-reference.md`).

            | code | severity | status | what |
            | --- | --- | --- | --- |

            """);
        foreach (var definition in EventCatalogue.All)
            page.Append($"| [{definition.Code}](#{definition.Code.ToLowerInvariant()}) | {definition.Severity} | {Status(definition)} | "
                + $"{definition.Title} |\n");
        foreach (var definition in EventCatalogue.All)
        {
            page.Append($"""

                ## {definition.Code}

                {definition.Title} ({definition.Severity.ToString().ToLowerInvariant()}{(definition.Status > 0 ? $", status {definition.Status}" : "")})

                - **Cause:** {definition.Cause}
                - **Outcome:** {definition.Outcome}
                - **What to do:** {definition.Action}

                """);
        }
        return page.ToString();
    }

    private static string Status(EventDefinition definition) => definition.Status > 0 ? $"{definition.Status}" : "";
}
