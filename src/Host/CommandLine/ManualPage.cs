using System.CommandLine;
using System.Text;
using DaemonProxy.Host.Hosting;

namespace DaemonProxy.Host.CommandLine;

/// <summary>daemonproxy(1), generated from the verbs, their options, their examples and the exit codes, as man(7) source.</summary>
internal sealed class ManualPage
{
    // mandoc's lint objects to longer lines.
    private const int LongestLine = 78;

    private static readonly (string Name, string Meaning)[] Variables =
    [
        ("DAEMONPROXY_RUNTIME_DIR",
            "The folder of this user's front ends, with their control sockets and event logs. It has to be the user's alone (mode 0700). "
            + "Default: the folder of the user's system service below /run, else XDG_RUNTIME_DIR/daemonproxy, else "
            + "TMPDIR/daemonproxy-UID; and front ends that other sessions have started elsewhere are found by their records in "
            + "~/.local/state/daemonproxy/instances."),
        ("VIRTUAL_ENV",
            "The virtual environment whose Python runs WSGI applications, where neither the configuration nor --python-home names one; "
            + "else python3 on the PATH."),
        ("TMPDIR", "Where spool files are, unless the configuration has a spool-directory. Default: /var/tmp."),
        ("NOTIFY_SOCKET", "With serve --service: where systemd hears that it serves."),
    ];

    private static readonly (string Name, string Meaning)[] Files =
    [
        ("/etc/daemonproxy/NAME.yaml",
            "The configuration of the system service daemonproxy@NAME, where a package of the distribution has installed it."),
        ("/run/daemonproxy-ACCOUNT/NAME/events.log", "Its event log: JSON lines, rotated at 10 MiB, four full files kept."),
    ];

    private readonly StringBuilder _page = new();

    private ManualPage()
    {
    }

    /// <summary>Generates the page.</summary>
    /// <param name="date">The date of the page, as YYYY-MM-DD.</param>
    public static string Text(string date) => new ManualPage().Write(date);

    private string Write(string date)
    {
        var root = DaemonProxyCommand.Create();
        Request($".TH DAEMONPROXY 1 {date} \"DaemonProxy {HostVersion.Number}\" \"User Commands\"");
        Request(".SH NAME");
        Request(@"daemonproxy \- HTTP front end for application daemons, with exact rate limits");
        Request(".SH SYNOPSIS");
        Request(".B daemonproxy");
        Request(@".I VERB");
        Request(@"[\fIARGUMENTS\fR] [\fIOPTIONS\fR]");
        Request(".SH DESCRIPTION");
        Paragraph(root.Description!);
        Request(".PP");
        Paragraph("It serves HTTP/1.1 and HTTP/2 to clients and relays what application daemons answer: WSGI applications in processes of "
            + "its own, or any server that speaks "
            + "HTTP/1.1 on a Unix socket or a TCP port. Sizes are written as 64KiB or 8MiB (K, KB and KiB are all 1024 bytes), times as "
            + "500us, 5ms, 0.5s or 2m, rates as 400KiB/s.");
        Request(".SH OPTIONS");
        foreach (var option in root.Options) Describe(option);
        Request(".SH COMMANDS");
        foreach (var verb in root.Subcommands.Where(verb => !verb.Hidden)) Describe(verb, verb.Name);
        Request(".SH EXIT STATUS");
        foreach (var exit in ExitCode.All) Entry($@"\fB{exit.Code}\fR", exit.Meaning);
        Request(".PP");
        Paragraph("A shell shows 128 and the signal's number for a process that a signal has killed. The first SIGTERM or SIGINT has serve "
            + "finish what is in flight; a second one kills it.");
        Request(".SH ENVIRONMENT");
        foreach (var (name, meaning) in Variables) Entry($@"\fB{Escaped(name)}\fR", meaning);
        Request(".SH FILES");
        foreach (var (name, meaning) in Files) Entry($@"\fI{Escaped(name)}\fR", meaning);
        Request(".SH EXAMPLES");
        foreach (var example in CommandExample.ForVerb("")) Entry($@"\fB{Escaped(example.Line)}\fR", example.Purpose);
        Request(".SH SEE ALSO");
        Request(".BR systemd.service (5),");
        Request(".BR mod_wsgi (8)");
        return _page.ToString();
    }

    private void Describe(Command verb, string words)
    {
        if (verb.Subcommands.Count == 0)
        {
            var arguments = string.Concat(
                verb.Arguments.Select(
                argument => argument.Arity.MinimumNumberOfValues > 0
                ? $@" \fI{Escaped(argument.Name)}\fR" : $@" [\fI{Escaped(argument.Name)}\fR]"));
            Request($@".SS ""\fBdaemonproxy {Escaped(words)}\fR{arguments} [\fIOPTIONS\fR]""");
            Paragraph(verb.Description!);
            foreach (var argument in verb.Arguments) Entry($@"\fI{Escaped(argument.Name)}\fR", argument.Description!);
            foreach (var option in verb.Options.Where(option => !option.Hidden)) Describe(option);
            foreach (var example in CommandExample.ForVerb(words))
            {
                Request(".PP");
                Paragraph(example.Purpose);
                Request(".PP");
                Request(".RS 4");
                Request(".nf");
                Request(Escaped(example.Line));
                Request(".fi");
                Request(".RE");
            }
        }

        foreach (var below in verb.Subcommands) Describe(below, $"{words} {below.Name}");
    }

    private void Describe(Option option)
    {
        var names = string.Join(", ", option.Aliases.Where(alias => alias.StartsWith('-')).Append(option.Name).Select(name => $@"\fB{Escaped(name)}\fR"));
        Entry(option.HelpName is { } value ? $@"{names} \fI{Escaped(value)}\fR" : names, option.Description!);
    }

    private void Entry(string title, string text)
    {
        Request(".TP");
        Request(title);
        Paragraph(text);
    }

    private void Request(string line) => _page.Append(line).Append('\n');

    /// <summary>Text that the formatter fills; each sentence begins on a new line of the source.</summary>
    private void Paragraph(string text)
    {
        var line = new StringBuilder();
        foreach (var word in text.Split(' '))
        {
            var escaped = Escaped(word);
            if (line.Length > 0 && (line.Length + 1 + escaped.Length > LongestLine || line[^1] is '.' && char.IsUpper(word[0])))
                Flush();
            if (line.Length > 0)
                line.Append(' ');
            // A line that begins with one of these is a request.
            else if (escaped[0] == '.')
                line.Append(@"\&");
            line.Append(escaped);
        }

        Flush();

        void Flush()
        {
            Request(line.ToString());
            line.Clear();
        }
    }

    // An unescaped hyphen or quote becomes a typographic one, which no shell understands.
    private static string Escaped(string text) => text.Replace(@"\", @"\e", StringComparison.Ordinal).Replace("-", @"\-", StringComparison.Ordinal)
        .Replace("'", @"\(aq", StringComparison.Ordinal).Replace("\"", @"\(dq", StringComparison.Ordinal).Replace("`", @"\(ga", StringComparison.Ordinal)
        .Replace("~", @"\(ti", StringComparison.Ordinal).Replace("^", @"\(ha", StringComparison.Ordinal);
}
