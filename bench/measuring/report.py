"""Tables: medians with their spread, and each figure as a ratio to one row's in the same rounds."""
import os
import re
import statistics


class Column:
    """A figure: its key in a round's results, its heading, its digits, and whether it is compared with the base row's. The first of a table shows its spread as well."""

    def __init__(self, key, heading, digits=0, compare=True):
        self.key, self.heading, self.digits, self.compare = key, heading, digits, compare

    def show(self, value):
        return '-' if value is None else '{:,.{}f}'.format(value, self.digits)


def median(rounds, key):
    values = [row[key] for row in rounds if row.get(key) is not None]
    return statistics.median(values) if values else None


def ratio(rounds, base, key):
    """The median of the rounds' own ratios: what slows the machine down for a while slows both."""
    pairs = [(row[key], other[key]) for row, other in zip(rounds, base) if row.get(key) is not None and other.get(key)]
    return statistics.median(value / other for value, other in pairs) if pairs else None


def table(columns, servers, results, base):
    """Lines of a Markdown table. `results` has a list of rounds for each server's name."""
    lead, *others = columns
    yield '| | %s | spread | to %s |%s' % (lead.heading, base, ''.join(' %s |' % column.heading for column in others))
    yield '| --- |' + ' ---: |' * (3 + len(others))
    for server in servers:
        rounds = results[server.name]
        values = [row[lead.key] for row in rounds]
        cells = [server.title, lead.show(median(rounds, lead.key)), '%s-%s' % (lead.show(min(values)), lead.show(max(values)))]
        cells.append(compared(rounds, results.get(base), lead.key) or '-')
        for column in others:
            value = median(rounds, column.key)
            beside = compared(rounds, results.get(base), column.key) if column.compare else None
            cells.append(column.show(value) + (' (%s)' % beside if beside and value is not None else ''))
        yield '| %s |' % ' | '.join(cells)


def compared(rounds, base, key):
    value = ratio(rounds, base, key) if base else None
    return None if value is None else '%.2f' % value


def write(root, name, lines):
    """Puts lines into docs/benchmarks.md, between the markers of that name."""
    path = os.path.join(root, 'docs', 'benchmarks.md')
    with open(path) as file:
        text = file.read()
    section = '<!-- %s -->\n%s\n<!-- end of %s -->\n' % (name, '\n'.join(lines), name)
    text, found = re.subn('<!-- %s -->.*?<!-- end of %s -->\n' % (name, name), lambda _: section, text, flags=re.S)
    with open(path, 'w') as file:
        file.write(text if found else text + '\n' + section)
