"""Front ends with so many threads: where they are started, what is made of their rounds, and the application that all WSGI rows serve."""
import io
import os
import sys
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'bench'))
from measuring import configurations, growing  # noqa: E402


def row(count, processors=None):
    return growing.Row('threads', count, lambda number: ('io-threads: %d' % number, None), 'daemonproxy', processors)


class ThreadsTest(unittest.TestCase):
    def test_a_front_end_is_started_on_the_processors_that_it_is_given(self):
        free, pinned = row(2), row(2, [0, 3])
        self.assertEqual(['daemonproxy', 'serve'], list(free.command[:2]))
        self.assertEqual(['taskset', '-c', '0,3', 'daemonproxy', 'serve'], list(pinned.command[:5]))
        self.assertEqual('2 on 2 processors', pinned.title)
        self.assertIn('io-threads: 2\n', pinned.configuration)

    def test_threads_get_no_more_processors_than_there_are(self):
        with mock.patch('os.sched_getaffinity', return_value={5, 3}):
            self.assertEqual([[3], [3, 5], [3, 5]], [growing.processors_for(count) for count in (1, 2, 4)])

    def test_capacity_compares_the_cpu_of_a_request_with_that_of_one_thread_in_the_same_round(self):
        rows = [row(1, [0]), row(4, [0, 1])]
        rounds = {'threads-1': [{'cpu': 10.0}, {'failed': 'no'}, {'cpu': 12.0}], 'threads-4': [{'cpu': 12.5}, {'cpu': 9.0}, {'cpu': 12.0}]}
        growing.Capacity().finish(rows, rounds)
        self.assertEqual([1.0, None, 1.0], [figures.get('cores') for figures in rounds['threads-1']])
        self.assertEqual([1.6, None, 2.0], [figures.get('cores') for figures in rounds['threads-4']])

    def test_what_the_runtime_counts_is_read_before_and_after_a_round(self):
        pages = [b'# TYPE dotnet_x counter\ndotnet_monitor_lock_contentions_total 5\ndotnet_gc_x{gen="0"} 7\n', b'dotnet_monitor_lock_contentions_total 25\n']
        front_end = row(1, [0])
        with mock.patch.object(front_end, 'control', side_effect=pages), mock.patch.object(
                growing.Requests, 'measure', return_value={'requests': 4000, 'seconds': 2.0, 'cpu': 250.0}):
            figures = growing.Capacity().measure(front_end, None)
        self.assertEqual(5.0, figures['contentions'])
        self.assertEqual(50.0, figures['busy'])
        self.assertNotIn('items', figures)


class ApplicationTest(unittest.TestCase):
    def answer(self, path, body=b'', length=0):
        scope, heads = {}, []
        exec(configurations.APPLICATION, scope)
        environ = {'PATH_INFO': path, 'CONTENT_LENGTH': str(length), 'wsgi.input': io.BytesIO(body)}
        answer = b''.join(scope['application'](environ, lambda status, fields: heads.append((status, dict(fields)))))
        self.assertEqual(str(len(answer)), heads[0][1]['Content-Length'])
        return heads[0][0], len(answer)

    def test_a_path_answers_what_its_part_is_named_for(self):
        self.assertEqual(('200 OK', 13), self.answer('/hello'))
        self.assertEqual(('200 OK', 100 * 1024), self.answer('/100k'))

    def test_an_upload_that_is_cut_short_is_a_failed_request(self):
        self.assertEqual(('200 OK', 13), self.answer('/upload', b'x' * 9, 9))
        self.assertEqual(('500 Broken Upload', 0), self.answer('/upload', b'x' * 8, 9))


if __name__ == '__main__':
    unittest.main(testRunner=unittest.TextTestRunner(stream=sys.stdout))
