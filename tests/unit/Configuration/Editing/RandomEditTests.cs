using DaemonProxy.Editing;
using Xunit;

namespace DaemonProxy.Tests.Configuration.Editing;

/// <summary>
/// Whatever is changed, the text says it: <see cref="ConfigurationDocument.Text"/> reads what it has made and throws when it does not.
/// Comments that are in no entry that went stay.
/// </summary>
public sealed class RandomEditTests
{
    private const string Woven = """
        --- # first
        # head
        name: &n "a"   # quoted
        python-path:   # folders
        - /a   # one

        # two
        - '/b'
        daemons:
        - &one # the first
          name: one

          # where
          command: [ a, # program
            "b c", 'd' ]
          lang: >-
            C.UTF-8
          socket-timeout: &t 7s # t
          connect-timeout: *t
          # below
        -   name: two
            <<: *one

        - { name: three, address: "http://127.0.0.1:1", # there
            socket-timeout: 7s, connect-timeout: 8s }
        routes: [ { path: /, daemon: one }, # root
          { path: /x, daemon: two, rate-limit: 1KiB/s, }, ]
        # tail
        """;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Any_change_can_be_written(int seed)
    {
        var example = File.ReadAllText(Path.Combine(ConfigurationText.Root, "docs", "example.yaml"));
        var random = new Random(seed);
        for (var round = 0; round < 200; round++)
        {
            // The reader ends lines at each of these.
            var text = random.Next(5) switch
            {
                0 => example,
                1 => Woven,
                2 => Woven.Replace("\n", "\r\n"),
                3 => Woven.Replace("\n", "\u0085"),
                _ => Woven.Replace("\n", "\u2028"),
            };
            var document = ConfigurationDocument.Parse(text, "site.yaml", ConfigurationText.Folder);
            for (var change = random.Next(1, 6); change > 0; change--)
                Change(document.Root, random, depth: 0);
            var written = document.Text();
            if (text != example)
                Assert.StartsWith("--- # first", written);
            // What stands at the top stays, whatever goes.
            Assert.Contains(text == example ? "#   key: site.key" : "# head", written);
            if (text != example) Assert.Contains("# tail", written);
        }
    }

    private static void Change(ConfigurationValue value, Random random, int depth)
    {
        switch (value)
        {
            case ScalarValue scalar:
                scalar.Text = Text(random);
                break;
            case ListValue list when list.Items.Count > 0 && (random.Next(3) > 0 || depth == 0):
                Change(list.Items[random.Next(list.Items.Count)], random, depth + 1);
                break;
            case ListValue list:
                var place = random.Next(list.Items.Count + 1);
                if (random.Next(2) == 0 && list.Items.Count > 0)
                {
                    var taken = list.Items[random.Next(list.Items.Count)];
                    list.Items.Remove(taken);
                    if (random.Next(2) == 0) list.Items.Insert(random.Next(list.Items.Count + 1), taken);
                }
                else
                {
                    list.Items.Insert(place, random.Next(2) == 0 ? new ScalarValue(Text(random)) : Section(random));
                }

                break;
            case SectionValue section when section.Count > 0:
                var key = section.Keys.ElementAt(random.Next(section.Count));
                switch (random.Next(5))
                {
                    case 0:
                        section.Remove(key);
                        break;
                    case 1:
                        section.Set($"new-{random.Next(5)}", random.Next(2) == 0 ? new ScalarValue(Text(random)) : Section(random),
                            [.. section.Keys.Order()]);
                        break;
                    default:
                        Change(section[key]!, random, depth + 1);
                        break;
                }

                break;
        }
    }

    private static SectionValue Section(Random random)
    {
        var section = new SectionValue();
        section.Set("a", new ScalarValue(Text(random)), []);
        var list = new ListValue();
        list.Items.Add(random.Next(2) == 0 ? new ScalarValue(Text(random)) : new SectionValue());
        section.Set("b", list, []);
        return section;
    }

    private static string Text(Random random) =>
        string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => "ab:#, {}[]'\"\\\n-&*!|>%@~\t\u00e9\u0085\u2028"[random.Next(26)]));
}
