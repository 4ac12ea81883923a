using System.Text.RegularExpressions;
using DaemonProxy.Editing.Apache;
using DaemonProxy.Tests.EndToEnd;
using Xunit;

namespace DaemonProxy.Tests.Configuration.Apache;

/// <summary>What is in force of a configuration's lines, beside what a real Apache says is in force (mod_info's DUMP_CONFIG).</summary>
public sealed partial class ApacheReaderTests : IDisposable
{
    private const string Modules = "/usr/lib/apache2/modules";

    private readonly string _folder = Directory.CreateTempSubdirectory("daemonproxy-tests-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Lines_in_force_are_those_that_Apache_has_in_force()
    {
        Programs.Need("apache2");
        Assert.SkipUnless(File.Exists($"{Modules}/mod_wsgi.so"), "there is no mod_wsgi (Debian package libapache2-mod-wsgi-py3)");
        Directory.CreateDirectory(Path.Combine(_folder, "sites", "more"));
        Write("sites/b.conf", """
            <VirtualHost *:8099>
                ServerName b.example
                WSGIDaemonProcess b threads=3 home="/tmp" display-name=%{GROUP}
                wsgiscriptalias /b '/srv/b "b".wsgi' process-group=b
                <Directory /srv>
                    Require all granted
                    WSGIApplicationGroup %{GLOBAL}
                </Directory>
            </VirtualHost>
            """);
        Write("sites/a.conf", "# a comment \\\nServerName never.example\nWSGIRestrictEmbedded On\r\n");
        Write("sites/more/c.load", "WSGIPythonPath /c:/d\nDefine LATE 1\n");
        Write("sites/.hidden.conf", "WSGIRestrictEmbedded Off\n");
        var file = Write("httpd.conf", $$"""
            ServerRoot "{{_folder}}"
            {{string.Concat(new[] { "mpm_event", "info", "authz_core", "env", "ratelimit", "wsgi" }.Select(name => $"LoadModule {name}_module {Modules}/mod_{name}.so\n"))}}
            ErrorLog "{{_folder}}/e.log"
            ServerName a.example
            Define BASE /srv/shop
            Define DEEP ${BASE}/deep
            Listen 127.0.0.1:8099
            Include sites/*.conf
            Include sites/more
            IncludeOptional nothing/*.conf
            <IfModule !mod_wsgi.c>
                Unknown thing
            </IfModule>
            <IfDefine !BASE>
                Unknown thing
            </IfDefine>
            <IfModule mod_ratelimit.c>
              <IfDefine LATE>
                <Location "/download">
                    SetOutputFilter RATE_LIMIT
                    SetEnv rate-limit 400
                    SetEnv note "a \"b\" \\ c 'd' \
                       e"
                </Location>
              </IfDefine>
            </IfModule>
            WSGIScriptAlias / "${DEEP}/my app.wsgi" \
                \
                process-group=b
            UnDefine BASE
            <Location /all>
                SetEnv rate-limit 5
            </Location>
            """);

        var (exit, dump) = await Programs.RunAsync("apache2", "-t", "-DDUMP_CONFIG", "-f", file);
        Assert.Equal(0, exit);
        var notes = new ApacheNotes();
        var read = new ApacheReader(notes, _folder).Read(file, File.ReadAllText(file).Split('\n'));
        Assert.Equal(Dumped(dump), Flat(read));
        Assert.Contains($"{file}: wsgiscriptalias(/|/srv/shop/deep/my app.wsgi|process-group=b)", Flat(read));
        Assert.DoesNotContain(
            notes.Lost, note => !note.Text.StartsWith("LoadModule", StringComparison.Ordinal)
            && !note.Text.StartsWith("IncludeOptional", StringComparison.Ordinal));
    }

    [Fact]
    public void Debians_own_configuration_is_read_to_its_end_and_each_of_its_lines_is_seen_to()
    {
        const string debian = "/etc/apache2/apache2.conf";
        Assert.SkipUnless(File.Exists(debian), "there is no Apache of Debian's");
        var made = ApacheConversion.OfLines(
            [$"Include {debian}", "WSGIScriptAlias /app /srv/app.wsgi"], "httpd.conf", "/etc/apache2", new());
        Assert.Equal("/app", Assert.Single(made.Document.Check("", _folder).Routes).Path);
        Assert.Contains(made.NotCarriedOver, note => note.File == debian && note.Text.StartsWith("User ", StringComparison.Ordinal));
        Assert.All(made.NotCarriedOver,
            note => Assert.True(
            note is { Line: > 0, Reason.Length: > 0 }
            && File.ReadAllLines(note.File == "httpd.conf" ? debian : note.File).Length >= note.Line));
    }

    private static List<string> Flat(IEnumerable<ApacheDirective> lines) => [.. lines.SelectMany(line => line.Children is null
        ? [Said(line)] : Flat(line.Children).Prepend("<" + Said(line)))];

    private static string Said(ApacheDirective line) => $"{line.File}: {line.Name.ToLowerInvariant()}({string.Join("|", line.Arguments)})";

    /// <summary>What Apache writes, line by line, read as words: it has joined lines and replaced variables, and keeps quotes.</summary>
    private static List<string> Dumped(string dump)
    {
        var file = "";
        var lines = new List<string>();
        foreach (var line in dump.Split('\n').Select(line => line.Trim())
            .Where(line => line.Length > 0 && !line.StartsWith("</", StringComparison.Ordinal)))
        {
            if (InFile().Match(line) is { Success: true } match)
                file = match.Groups[1].Value;
            else if (line[0] != '#')
            {
                var opens = line[0] == '<';
                var words = ApacheLineReader.Words(opens ? line[1..^1] : line);
                lines.Add((opens ? "<" : "") + Said(new ApacheDirective(file, 0, line, words[0], words[1..])));
            }
        }

        return lines;
    }

    private string Write(string name, string text)
    {
        File.WriteAllText(Path.Combine(_folder, name), text);
        return Path.Combine(_folder, name);
    }

    [GeneratedRegex("^# In file: (.*)$")]
    private static partial Regex InFile();
}
