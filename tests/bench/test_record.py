"""The benchmarks' common record: rounds are kept as they come, a failed row says so, and a run is compared with an earlier one."""
import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'bench'))
from measuring import record, report  # noqa: E402


class Row:
    def __init__(self, name):
        self.name, self.title = name, name.upper()


class RecordTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = os.path.join(folder.name, 'rounds.json')
        for name, value in (('describe', 'a machine'), ('load', 0.0)):
            patch = mock.patch.object(record.machine, name, return_value=value)
            patch.start()
            self.addCleanup(patch.stop)

    def record(self, *more):
        parser = argparse.ArgumentParser()
        record.add_options(parser)
        return record.Record('test', parser.parse_args(['--json', self.file, *more]))

    def measure(self, results, row, *rounds):
        for each in rounds:
            def measure():
                if isinstance(each, Exception):
                    raise each
                return {'rate': each}
            with contextlib.redirect_stderr(io.StringIO()):
                results.measure('part', row, measure)

    def table(self, results, *rows):
        return list(report.table('part', [report.Column('rate', 'rate'), report.Column('cpu', 'CPU')], [Row(row) for row in rows], results, rows[0]))[2:]

    def test_every_round_is_in_the_file_before_the_next_one(self):
        results = self.record()
        for count in (1, 2, 3):
            self.measure(results, 'a', count)
            with open(self.file) as file:
                self.assertEqual(count, len(json.load(file)['parts']['part']['a']))

    def test_a_row_that_fails_says_so_and_the_others_are_measured(self):
        results = self.record()
        self.measure(results, 'a', 10, 12, 11)
        self.measure(results, 'b', OSError('no\nconnection'))
        self.measure(results, 'c', 20, ValueError('half'), 40)
        self.assertEqual(2, results.failures())
        self.assertEqual([
            '| A | 11 | 10-12 | 1.00 | - |',
            '| B | failed: no connection | - | - | - |',
            '| C (1 of 3 rounds failed: half) | 30 | 20-40 | 2.82 | - |'], self.table(results, 'a', 'b', 'c'))

    def test_an_earlier_run_is_compared_with_by_its_medians(self):
        earlier = self.record()
        self.measure(earlier, 'a', 10, 20, 90)
        self.measure(earlier, 'b', OSError('failed then'))
        os.rename(self.file, self.file + '.then')
        results = self.record('--compare', self.file + '.then')
        self.measure(results, 'a', 30, 30, 31)
        self.measure(results, 'b', 5)
        self.assertEqual(['| A | 30 [1.50] | 30-31 | 1.00 | - |', '| B | 5 [new] | 5-5 | 0.17 | - |'], self.table(results, 'a', 'b'))

    def test_a_sheet_compares_the_first_number_of_each_cell(self):
        def run(cells, *more):
            results = self.record(*more)
            sheet = report.Sheet(results)
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                sheet.head('Rates', 'Words.', ['rate', 'server'], ['achieved', 'gap'])
                sheet.row(['8 KiB/s', 'nginx'], lambda: cells)
                sheet.row(['8 KiB/s', 'none'], lambda: [][0])
            return sheet.lines[-2:]
        self.assertEqual(['| 8 KiB/s | nginx | 1,000.5 KiB/s | - |', '| 8 KiB/s | none | failed: list index out of range | - |'], run(['1,000.5 KiB/s', '-']))
        os.rename(self.file, self.file + '.then')
        self.assertEqual('| 8 KiB/s | nginx | 2,001 KiB/s [2.00] | - |', run(['2,001 KiB/s', '-'], '--compare', self.file + '.then')[0])

    def test_a_file_that_is_no_record_is_refused_before_anything_is_measured(self):
        with open(self.file + '.then', 'w') as file:
            file.write('[]')
        with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
            self.record('--compare', self.file + '.then')


if __name__ == '__main__':
    unittest.main(testRunner=unittest.TextTestRunner(stream=sys.stdout))
