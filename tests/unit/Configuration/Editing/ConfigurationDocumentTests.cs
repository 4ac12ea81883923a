using DaemonProxy.Editing;
using Xunit;

namespace DaemonProxy.Tests.Configuration.Editing;

/// <summary>What a changed configuration looks like: every test compares the whole text, so that nothing else may have moved.</summary>
public sealed class ConfigurationDocumentTests
{
    private const string Site = """
        # The shop.
        name: site            # how consoles find it
        listen: [ "http://127.0.0.1:8080" ]   # one

        # the groups
        daemons:
          # the shop itself
          - name: app         # first
            application: app.wsgi
            processes: 2      # enough

            # slow reports
            request-timeout: 60s
          # made elsewhere

          # the other one
          - name: other
            address: unix:/run/other.sock

        routes:               # the longest wins
          - { path: /, daemon: app }   # all
          - { path: /o, daemon: other, rate-limit: 400KiB/s }
        # the end

        """;

    [Fact]
    public void Text_that_is_not_changed_is_the_same_byte_for_byte()
    {
        foreach (var text in new[] { Site, Site.Replace("\n", "\r\n"), Site.TrimEnd(),
            File.ReadAllText(Path.Combine(ConfigurationText.Root, "docs", "example.yaml")) })
            Assert.Equal(text, Of(text).Text());
    }

    [Fact]
    public void Changed_value_is_replaced_where_it_stands() => Changed(
        root => { Set(root, "name", "shop"); Set(Daemon(root, 0), "processes", "4"); Set(Route(root, 1), "rate-limit", "1MiB/s"); },
        ("name: site ", "name: shop "), ("processes: 2", "processes: 4"), ("400KiB/s", "1MiB/s"));

    [Fact]
    public void Value_that_needs_quotes_gets_them_and_one_that_had_them_keeps_them() => Changed(
        root =>
            { Set(Daemon(root, 1), "address", "unix: a#b"); ((ScalarValue)((ListValue)root["listen"]!).Items[0]).Text = "http://*:80"; },
        ("unix:/run/other.sock", "\"unix: a#b\""), ("\"http://127.0.0.1:8080\"", "\"http://*:80\""), lenient: true);

    [Fact]
    public void New_key_goes_where_the_table_has_it_in_the_manner_of_its_neighbours() => Changed(
        root =>
        {
            root.Set("restrict-embedded", new ScalarValue("on"), OptionTable.Proxy.Names);
            Daemon(root, 0).Set("threads", new ScalarValue("5"), OptionTable.Daemon.Names);
            Daemon(root, 1).Set("connect-timeout", new ScalarValue("3s"), OptionTable.Daemon.Names);
            Route(root, 0).Set("strip-prefix", new ScalarValue("on"), OptionTable.Route.Names);
        },
        ("# one\n", "# one\nrestrict-embedded: on\n"), ("# enough\n", "# enough\n    threads: 5\n"),
            ("other.sock\n", "other.sock\n    connect-timeout: 3s\n"),
        ("daemon: app }", "daemon: app, strip-prefix: on }"));

    [Fact]
    public void Key_that_goes_takes_its_line_and_leaves_the_comments_above_it() => Changed(
        root => { root.Remove("listen"); Daemon(root, 0).Remove("request-timeout"); Route(root, 1).Remove("rate-limit"); },
        ("listen: [ \"http://127.0.0.1:8080\" ]   # one\n", ""), ("    request-timeout: 60s\n", ""), (", rate-limit: 400KiB/s", ""));

    [Fact]
    public void First_key_of_an_item_can_go() => Changed(
        root => Daemon(root, 0).Remove("name"), ("- name: app         # first\n    application", "- application"), ("", ""), lenient: true);

    [Fact]
    public void Item_that_goes_takes_the_comment_directly_above_it_and_no_other() => Changed(
        root => { ((ListValue)root["daemons"]!).Items.RemoveAt(1); ((ListValue)root["routes"]!).Items.RemoveAt(1); },
        ("  # the other one\n  - name: other\n    address: unix:/run/other.sock\n", ""),
            ("  - { path: /o, daemon: other, rate-limit: 400KiB/s }\n", ""));

    [Fact]
    public void First_item_can_go() => Changed(
        root => ((ListValue)root["routes"]!).Items.RemoveAt(0), ("  - { path: /, daemon: app }   # all\n", ""));

    [Fact]
    public void Items_that_change_places_take_their_comments_along() => Changed(
        root => ((ListValue)root["routes"]!).Items.Reverse(),
        ("  - { path: /, daemon: app }   # all\n  - { path: /o, daemon: other, rate-limit: 400KiB/s }\n",
            "  - { path: /o, daemon: other, rate-limit: 400KiB/s }\n  - { path: /, daemon: app }   # all\n"));

    [Fact]
    public void New_item_stands_behind_the_others() => Changed(
        root => ((ListValue)root["daemons"]!).Items.Add(Section(("name", "third"), ("sample", "on"))),
        ("unix:/run/other.sock\n", "unix:/run/other.sock\n  - name: third\n    sample: on\n"));

    [Fact]
    public void List_in_brackets_grows_and_shrinks()
    {
        Changed(root => ((ListValue)root["listen"]!).Items.Add(new ScalarValue("http://*:80")), ("8080\" ]", "8080\", \"http://*:80\" ]"));
        var document = Of(
            "name: a\nlisten: [ http://a, # one\n  http://b, http://c ]\ndaemons: [ { name: a, sample: on } ]\n".Replace(
            "http://a", "http://127.0.0.1:1")
            .Replace("http://b", "http://127.0.0.1:2").Replace("http://c", "http://127.0.0.1:3"));
        ((ListValue)document.Root["listen"]!).Items.RemoveAt(1);
        Assert.Equal("name: a\nlisten: [ http://127.0.0.1:1, http://127.0.0.1:3 ]\ndaemons: [ { name: a, sample: on } ]\n",
            document.Text());
    }

    [Fact]
    public void File_without_an_end_to_its_last_line_can_grow()
    {
        var document = Of("daemons: [ { name: a, sample: on } ]\nroutes:\n  - path: /\n    daemon: a");
        Route(document.Root, 0).Set("rate-limit", new ScalarValue("1KiB/s"), OptionTable.Route.Names);
        ((ListValue)document.Root["routes"]!).Items.Add(Section(("path", "/b"), ("daemon", "a")));
        Assert.Equal(
            "daemons: [ { name: a, sample: on } ]\nroutes:\n  - path: /\n    daemon: a\n    rate-limit: 1KiB/s\n  - path: /b\n    daemon: "
            + "a\n", document.Text());
    }

    [Fact]
    public void Lines_end_as_the_file_has_them()
    {
        var document = Of("name: a\r\ndaemons: [ { name: a, sample: on } ]\r\n");
        document.Root.Set("limit-request-body", new ScalarValue("1MiB"), OptionTable.Proxy.Names);
        Assert.Equal("name: a\r\nlimit-request-body: 1MiB\r\ndaemons: [ { name: a, sample: on } ]\r\n", document.Text());
    }

    [Fact]
    public void Alias_is_written_out_only_when_it_would_mean_something_else()
    {
        const string text =
            "daemons:\n  - &app\n    name: app\n    address: http://127.0.0.1:9000\n    socket-timeout: &time 7s  # t\n    "
            + "connect-timeout: *time\n"
            + "  - { <<: *app, name: other, queue-timeout: 1s }\nroutes: [ { path: /, daemon: app } ]\n";
        var document = Of(text);
        Assert.Equal(text, document.Text());
        Set(Daemon(document.Root, 0), "socket-timeout", "9s");
        Set(Daemon(document.Root, 1), "queue-timeout", "2s");
        Assert.Equal(text.Replace("&time 7s", "&time 9s").Replace("connect-timeout: *time", "connect-timeout: 7s")
            .Replace("name: other, queue-timeout: 1s", "name: other, queue-timeout: 2s, socket-timeout: 7s"), document.Text());
        Daemon(document.Root, 1).Remove("connect-timeout");
        Assert.DoesNotContain("<<", document.Text());
        Assert.Equal(["app", "other"], document.Check("site.yaml", ConfigurationText.Folder).Daemons.Select(daemon => daemon.Name));
    }

    [Fact]
    public void New_document_reads_as_a_person_would_write_it()
    {
        var document = ConfigurationDocument.New();
        document.Root.Set("name", new ScalarValue("site"), OptionTable.Proxy.Names);
        document.Root.Set("routes", List(Section(("path", "/"), ("daemon", "app"))), OptionTable.Proxy.Names);
        document.Root.Set("listen", List(new ScalarValue("http://*:80")), OptionTable.Proxy.Names);
        document.Root.Set("daemons", List(Section(("name", "app"), ("address", "unix:/a"))), OptionTable.Proxy.Names);
        Assert.Equal(
            "name: site\nlisten: [ \"http://*:80\" ]\n\ndaemons:\n  - name: app\n    address: unix:/a\n\nroutes:\n  - path: /\n    daemon: "
            + "app\n", document.Text());
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("~")]
    [InlineData("a: b")]
    [InlineData("a #b")]
    [InlineData("*a")]
    [InlineData("- a")]
    [InlineData("-")]
    [InlineData("a, b ] }")]
    [InlineData("tab\tand \"quotes\" \\ and\nlines\u2028\u0001\u00fc")]
    [InlineData(" spaces ")]
    [InlineData("---")]
    [InlineData("on")]
    [InlineData("'")]
    [InlineData("%TAG")]
    public void Any_text_survives_being_written(string text)
    {
        var document = Of("name: a\ndaemons: [ { name: a, command: [ a, 'b' ], lang: x } ]\n");
        ((ListValue)Daemon(document.Root, 0)["command"]!).Items.Insert(1, new ScalarValue(text));
        ((ScalarValue)((ListValue)Daemon(document.Root, 0)["command"]!).Items[2]).Text = text;
        document.Root.Set("python-path", List(new ScalarValue(text)), OptionTable.Proxy.Names);
        Set(document.Root, "name", text);
        // What is written says what is meant, or there is an exception.
        document.Text();
    }

    private static ConfigurationDocument Of(string text) => ConfigurationDocument.Parse(text, "site.yaml", ConfigurationText.Folder);

    private static void Changed(Action<SectionValue> change, params (string Old, string New)[] replaced) =>
        Changed(change, replaced, checkedToo: true);

    private static void Changed(
        Action<SectionValue> change, (string Old, string New) first, (string Old, string New) second, bool lenient) =>
        Changed(change, [first, second], checkedToo: !lenient);

    private static void Changed(Action<SectionValue> change, (string Old, string New)[] replaced, bool checkedToo)
    {
        var document = Of(Site);
        change(document.Root);
        var expected = Site;
        foreach (var (old, @new) in replaced.Where(pair => pair.Old.Length > 0))
        {
            Assert.Contains(old, expected);
            expected = expected.Replace(old, @new);
        }

        Assert.Equal(expected, document.Text());
        if (checkedToo && expected.Contains("other.sock", StringComparison.Ordinal))
            document.Check("site.yaml", ConfigurationText.Folder);
    }

    private static void Set(SectionValue section, string key, string text) => section.Set(key, new ScalarValue(text), []);

    private static SectionValue Daemon(SectionValue root, int index) => (SectionValue)((ListValue)root["daemons"]!).Items[index];

    private static SectionValue Route(SectionValue root, int index) => (SectionValue)((ListValue)root["routes"]!).Items[index];

    private static SectionValue Section(params (string Key, string Text)[] entries)
    {
        var section = new SectionValue();
        foreach (var (key, text) in entries) Set(section, key, text);
        return section;
    }

    private static ListValue List(params ConfigurationValue[] items)
    {
        var list = new ListValue();
        list.Items.AddRange(items);
        return list;
    }
}
