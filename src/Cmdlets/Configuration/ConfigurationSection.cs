using System.Collections;
using System.Management.Automation;
using DaemonProxy.Editing;

namespace DaemonProxy.Cmdlets;

/// <summary>
/// A section of a configuration. It has a property for each option that the configuration's reader knows (<c>RateLimit</c> for
/// <c>rate-limit</c>). Values are numbers of bytes or bytes per second, times, switches and strings. A property is null if the option is
/// not set; setting it to null removes the option.
/// </summary>
public class ConfigurationSection
{
    // Occurs at the top and in routes.
    private const string RateLimits = "rate-limits";

    private readonly OptionTable _table;
    private readonly Dictionary<string, (ConfigurationValue Value, object Shown)> _shown = [];

    /// <summary>Creates an empty section that has no table of options.</summary>
    public ConfigurationSection()
        : this(OptionTable.Unknown, new SectionValue())
    {
    }

    internal ConfigurationSection(OptionTable table, SectionValue values)
    {
        (_table, Values) = (table, values);
        var properties = PSObject.AsPSObject(this).Properties;
        foreach (var option in HasTable ? table.Names : [.. values.Keys])
            properties.Add(new OptionProperty(this, option, HasTable ? OptionTable.PropertyName(option) : option));
    }

    /// <summary>An option, by its name in the file (<c>rate-limit</c>) or its property name.</summary>
    public object? this[string option]
    {
        get => Values[NameOf(option)] is { } value ? Show(NameOf(option), value) : null;
        set => Set(NameOf(option), value);
    }

    internal SectionValue Values { get; }

    /// <summary>The names of the options that are set, in the order of the file.</summary>
    public string[] GetOptionName() => [.. Values.Keys];

    /// <summary>The section as it would appear in a configuration file.</summary>
    public virtual string ToYaml() => ConfigurationDocument.TextOf(Values);

    /// <summary>
    /// The section as JSON, with the keys and values of a file: <c>"response-flush-delay": "5ms"</c>. The JSON of a whole configuration can
    /// itself be used as a configuration file.
    /// </summary>
    public string ToJson() => SectionJson.TextOf(this);

    /// <summary>The text of an option as a file has it; empty if it is not a single value.</summary>
    internal string TextOf(string option) => (Values[NameOf(option)] as ScalarValue)?.Text ?? "";

    /// <summary>A section inside this one.</summary>
    private protected virtual ConfigurationSection Section(string option, SectionValue values) =>
        option == RateLimits ? new RateLimitConfiguration(values) : new ConfigurationSection(OptionTable.Unknown, values);

    /// <summary>A live list of sections inside this one; null if the option is not such a list.</summary>
    private protected virtual object? SectionList(string option, ListValue list) =>
        option == RateLimits ? new ConfigurationList<RateLimitConfiguration>(list, values => new RateLimitConfiguration(values))
        : list.Items.Exists(item => item is SectionValue)
        ? new ConfigurationList<ConfigurationSection>(list, values => Section(option, values)) : null;

    /// <summary>Copies the entries of a hashtable or the properties of an object.</summary>
    internal ConfigurationSection With(object given)
    {
        if (given is IDictionary dictionary)
        {
            foreach (DictionaryEntry entry in dictionary)
            {
                if (!IsAboutFile(entry.Key.ToString()!)) this[entry.Key.ToString()!] = entry.Value;
            }
        }
        else
        {
            // An empty cell of a table is not a value; an environment variable may be empty.
            foreach (var property in PSObject.AsPSObject(given).Properties.Where(
                property => property.IsGettable && !IsAboutFile(property.Name)
                && property.Value is not null && (!HasTable || property.Value is not "")))
                this[property.Name] = property.Value;
        }

        return this;
    }

    /// <summary>Whether a name is that of a property of the object that is no option; the JSON of an object has those, too.</summary>
    private protected virtual bool IsAboutFile(string name) => false;

    // Without a table, names are the user's own, such as those of environment variables.
    private bool HasTable => _table.Names.Count > 0;

    private string NameOf(string name) =>
        Values[name] is not null || !HasTable ? name : _table.Find(name) ?? OptionTable.OptionName(name);

    private object Show(string option, ConfigurationValue value)
    {
        if (value is ScalarValue scalar)
            return _table.Read(option, scalar.Text);
        if (!_shown.TryGetValue(option, out var known) || known.Value != value)
        {
            known = (value,
                value is SectionValue section
                ? Section(option, section) : SectionList(option, (ListValue)value) ?? new OptionList((ListValue)value));
            _shown[option] = known;
        }

        return known.Shown;
    }

    private void Set(string option, object? given)
    {
        var old = Values[option];
        if (Value(option, given, old) is { } value)
            Values.Set(option, value, _table.Names);
        else
            Values.Remove(option);
    }

    /// <summary>Converts a given value to a value of the file; null for nothing.</summary>
    private ConfigurationValue? Value(string option, object? given, ConfigurationValue? old)
    {
        var plain = JsonTime.From(given) ?? (given is PSObject wrapped ? wrapped.BaseObject : given);
        switch (plain)
        {
            case null:
                return null;
            case ConfigurationSection or IDictionary or PSCustomObject when old is not ListValue && !IsSectionList(option):
                return SectionOf(option, plain, given!);
            case ConfigurationSection or IDictionary or PSCustomObject:
                return ListOf(option, [given!], old as ListValue);
            case IEnumerable items when plain is not string:
                return items.Cast<object?>().OfType<object>().ToList() is { Count: > 0 } list
                    ? ListOf(option, list, old as ListValue) : null;
            default:
                var text = _table.Write(option, Scalar(plain), (old as ScalarValue)?.Text);
                return old is ListValue present ? ListOf(option, [text], present) : new ScalarValue(text);
        }
    }

    private ListValue ListOf(string option, IReadOnlyList<object> given, ListValue? old)
    {
        var list = new ListValue();
        var texts = given.Select(item => item is PSObject wrapped ? wrapped.BaseObject : item)
            .Select(plain => plain is ConfigurationSection or IDictionary or PSCustomObject ? null : _table.Write(option, Scalar(plain)))
            .ToList();
        for (var i = 0; i < given.Count; i++)
            list.Items.Add(
                texts[i] is { } text
                ? OptionList.Item(text, i, old, texts)
                : SectionOf(option, given[i] is PSObject wrapped ? wrapped.BaseObject : given[i], given[i]));
        return list;
    }

    private SectionValue SectionOf(string option, object plain, object given) =>
        plain is ConfigurationSection section
            ? section.Values : Section(option, new SectionValue()).With(plain is IDictionary ? plain : given).Values;

    private bool IsSectionList(string option) => SectionList(option, new ListValue()) is not null;

    private static object Scalar(object plain) => plain switch
    {
        FileSystemInfo file => file.FullName,
        SwitchParameter on => on.IsPresent,
        Pacer pacer => pacer.ToOption(),
        Enum word => word.ToString(),
        Uri address => address.OriginalString,
        _ => plain,
    };
}
