"""
What was measured. It is kept as it comes, so that a run that ends early has lost nothing; what fails is a row that says so, and the run goes on; and it can be compared with
an earlier run. All programs in this folder use it.
"""
import json
import os
import re
import statistics
import sys

from measuring import machine

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def add_options(parser):
    parser.add_argument('--json', metavar='FILE', help='where every round of every figure is written to as it comes; artifacts/bench/results/NAME.json')
    parser.add_argument('--compare', metavar='FILE', help='show, in brackets after each figure, its ratio to that of an earlier run\'s file; writes no document')


def reason(failure):
    """One line."""
    text = ' '.join(str(failure).split()) or type(failure).__name__
    return text if len(text) <= 200 else text[:200] + '...'


class Record:
    """The rounds of every row of every table: {table: {row: [{figure: value}]}}."""

    def __init__(self, name, options):
        self.path = os.path.abspath(options.json or os.path.join(ROOT, 'artifacts', 'bench', 'results', name + '.json'))
        self.machine, self.load, self.parts = machine.describe(), machine.load(), {}
        self.earlier = None
        if options.compare:
            try:
                with open(options.compare) as file:
                    self.earlier = json.load(file)['parts']
            except (OSError, ValueError, KeyError, TypeError) as failure:
                sys.exit('--compare: %s is no file that --json has written: %s' % (options.compare, reason(failure)))
        os.makedirs(os.path.dirname(self.path), exist_ok=True)

    def measure(self, table, row, measure, *arguments):
        """A round of a row: its figures, or the one figure 'failed' that says why there are none."""
        try:
            figures = measure(*arguments)
        except Exception as failure:
            figures = {'failed': reason(failure)}
            print('%s, %s failed: %s' % (table, row, figures['failed']), file=sys.stderr, flush=True)
        self.add(table, row, figures)
        return figures

    def add(self, table, row, figures):
        self.parts.setdefault(table, {}).setdefault(row, []).append(figures)
        self.save()

    def save(self):
        """Never a half of a file: who looks on may read it at any time."""
        with open(self.path + '.new', 'w') as file:
            json.dump({'machine': self.machine, 'load': self.load, 'parts': self.parts}, file, indent=1)
        os.replace(self.path + '.new', self.path)

    def failures(self):
        return sum('failed' in figures for rows in self.parts.values() for rounds in rows.values() for figures in rounds)

    def compared(self, table, row, figure):
        """' [ratio]' of a row's median to the one of the earlier run; empty when there is no such figure, or no earlier run."""
        if self.earlier is None:
            return ''
        now, then = (median(parts.get(table, {}).get(row, []), figure) for parts in (self.parts, self.earlier))
        return '' if now is None else ' [new]' if then is None else ' [%.2f]' % (now / then) if then else ''


def number(value):
    """A figure as a number; of a text, the first number in it. None: there is none."""
    if value is None or isinstance(value, (int, float)):
        return value
    found = re.search(r'[-+]?\d[\d,]*(\.\d+)?', value)
    return float(found[0].replace(',', '')) if found else None


def median(rounds, figure):
    values = [value for value in (number(row.get(figure)) for row in rounds) if value is not None]
    return statistics.median(values) if values else None
