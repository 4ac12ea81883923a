"""Tables: medians with their spread, and each figure as a ratio to one row's in the same rounds; and tables whose rows are measured once, one after the other."""
import os
import re
import statistics

from measuring.record import median


class Column:
    """A figure: its key in a round's results, its heading, its digits, and whether it is compared with the base row's. The first of a table shows its spread as well."""

    def __init__(self, key, heading, digits=0, compare=True):
        self.key, self.heading, self.digits, self.compare = key, heading, digits, compare

    def show(self, value):
        return '-' if value is None else '{:,.{}f}'.format(value, self.digits)


def ratio(rounds, base, key):
    """The median of the rounds' own ratios: what slows the machine down for a while slows both."""
    pairs = [(row[key], other[key]) for row, other in zip(rounds, base) if row.get(key) is not None and other.get(key)]
    return statistics.median(value / other for value, other in pairs) if pairs else None


def table(name, columns, servers, record, base):
    """Lines of a Markdown table, of what the record has under a name for each server."""
    lead, *others = columns
    yield '| | %s | spread | to %s |%s' % (lead.heading, base, ''.join(' %s |' % column.heading for column in others))
    yield '| --- |' + ' ---: |' * (3 + len(others))
    results = record.parts[name]
    for server in servers:
        rounds = results[server.name]
        failed = [row['failed'] for row in rounds if 'failed' in row]
        values = [row[lead.key] for row in rounds if row.get(lead.key) is not None]
        if not values:
            yield '| %s | %s | %s |' % (server.title, 'failed: ' + failed[-1] if failed else 'nothing measured', ' | '.join('-' * (2 + len(others))))
            continue
        title = server.title + (' (%d of %d rounds failed: %s)' % (len(failed), len(rounds), failed[-1]) if failed else '')
        cells = [title, lead.show(median(rounds, lead.key)) + record.compared(name, server.name, lead.key), '%s-%s' % (lead.show(min(values)), lead.show(max(values)))]
        cells.append(compared(rounds, results.get(base), lead.key) or '-')
        for column in others:
            value = median(rounds, column.key)
            beside = compared(rounds, results.get(base), column.key) if column.compare else None
            cells.append(column.show(value) + (' (%s)' % beside if beside and value is not None else '') + record.compared(name, server.name, column.key))
        yield '| %s |' % ' | '.join(cells)


def compared(rounds, base, key):
    value = ratio(rounds, base, key) if base else None
    return None if value is None else '%.2f' % value


class Sheet:
    """Tables whose rows are measured once, printed and kept as they come. The first number of a cell is its figure."""

    def __init__(self, record):
        self.record, self.lines, self.title, self.columns, self.labels = record, [], None, [], 0

    def say(self, *lines):
        self.lines.extend(lines)
        print('\n'.join(lines), flush=True)

    def head(self, title, text, labels, figures):
        """Begins a table: the headings of the columns that name a row, and of its figures."""
        self.title, self.labels, self.columns = title, len(labels), list(figures)
        self.say('', '### ' + title, '', *([text, ''] if text else []), '| %s |' % ' | '.join([*labels, *figures]), '| %s |' % ' | '.join(['---'] * len(labels) + ['---:'] * len(figures)))

    def row(self, labels, measure):
        """A row: what `measure` gives, a text for each figure. One that fails is shown as such."""
        name = ', '.join(str(label) for label in labels)
        figures = self.record.measure(self.title, name, lambda: dict(zip(self.columns, map(str, measure()))))
        if 'failed' in figures:
            cells = ['failed: ' + figures['failed'], *['-'] * (len(self.columns) - 1)]
        else:
            cells = [figures[column] + self.record.compared(self.title, name, column) for column in self.columns]
        self.say('| %s |' % ' | '.join([*map(str, labels), *cells]))
        return figures


def write(root, name, lines):
    """Puts lines into docs/benchmarks.md, between the markers of that name."""
    path = os.path.join(root, 'docs', 'benchmarks.md')
    with open(path) as file:
        text = file.read()
    section = '<!-- %s -->\n%s\n<!-- end of %s -->\n' % (name, '\n'.join(lines), name)
    text, found = re.subn('<!-- %s -->.*?<!-- end of %s -->\n' % (name, name), lambda _: section, text, flags=re.S)
    with open(path, 'w') as file:
        file.write(text if found else text + '\n' + section)
