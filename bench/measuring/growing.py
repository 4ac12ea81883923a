"""Front ends that have so many of something, and what is measured of them: starting, requests, and what a number of threads does to both."""
import contextlib
import http.client
import os
import re
import resource
import socket
import subprocess
import time

from measuring import clients, processes, servers
from measuring.report import Column

COMMON = '''
name: scale
listen: [ "http://127.0.0.1:@PORT@" ]
limit-request-body: 0
'''


class Row(servers.Server):
    """A front end with so many of something; on some of the processors, where they are given: it is started there, so that its runtime knows of no others."""

    def __init__(self, what, count, make, host, processors=None):
        text, self.requests = make(count)
        command = host, 'serve', '@FOLDER@/configuration', '--log', '@FOLDER@/events.log'
        title = '{:,}'.format(count)
        if processors:
            command = ('taskset', '-c', ','.join(map(str, processors)), *command)
            title += ' on %d processor%s' % (len(processors), 's' if len(processors) > 1 else '')
        super().__init__('%s-%d' % (what, count), title, command, COMMON + text + '\n')
        self.count, self.processors = count, processors

    def control(self, method, path, body=None):
        """The answer of its control socket."""
        connection = http.client.HTTPConnection('localhost')
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(120)
        connection.sock.connect(self.control_socket())
        with contextlib.closing(connection):
            connection.request(method, path, body, {'Content-Type': 'application/json'})
            answer = connection.getresponse()
            content = answer.read()
        if answer.status != 200:
            raise clients.Failed('%s answered %d to %s: %s' % (self.title, answer.status, path, content.decode()))
        return content

    def control_socket(self):
        for folder, _, names in os.walk(os.path.join(self.folder, 'run')):
            for name in names:
                if name.startswith('control'):
                    return os.path.join(folder, name)
        raise clients.Failed('%s has no control socket' % self.title)


class Start:
    """What it takes to start, check, reload and describe a configuration, and the memory; each in a front end of its own."""
    columns = [Column('start', 'start, ms'), Column('start_cpu', 'CPU ms'), Column('check', 'check, ms'), Column('check_cpu', 'CPU ms'), Column('reload', 'reload, ms'),
               Column('reload_cpu', 'CPU ms'), Column('status', 'status, ms', 1), Column('metrics', 'metrics, ms', 1), Column('memory', 'MiB idle', 1),
               Column('each', 'KiB for each more', 2, compare=False), Column('reloaded', 'MiB after 5 reloads', 1)]

    def heading(self, what, options):
        return '%s: start, check, reload, memory, %d rounds' % (what, options.fresh_rounds)

    def measure(self, row, options, stage):
        folder = os.path.join(options.folder, 'fresh')
        try:
            start = row.start(folder, stage) * 1000
            time.sleep(1)
            memory = processes.mebibytes(row.processes())
            figures = {'start': start, 'start_cpu': processes.seconds(row.processes()) * 1000, 'memory': memory}
            children = resource.getrusage(resource.RUSAGE_CHILDREN)
            figures['check'] = timed(lambda: subprocess.run(
                [row.command[0], 'check', os.path.join(row.folder, 'configuration')], check=True, capture_output=True, timeout=60))
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            figures['check_cpu'] = (after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime) * 1000
            before = processes.seconds(row.processes())
            figures['reload'] = timed(lambda: row.control('POST', '/v1/restart', '{}'))
            figures['reload_cpu'] = (processes.seconds(row.processes()) - before) * 1000
            for _ in range(4):
                row.control('POST', '/v1/restart', '{}')
            # The replaced ones are kept for a second.
            time.sleep(1.5)
            figures['reloaded'] = processes.mebibytes(row.processes())
            figures['status'] = timed(lambda: row.control('GET', '/v1/status'))
            figures['metrics'] = timed(lambda: row.control('GET', '/metrics'))
            return figures
        finally:
            row.stop()


class Requests:
    """Requests of 13 bytes to front ends that stand side by side, in turn."""
    columns = [
        Column('rate', 'requests/s'), Column('cpu', 'CPU us', 1), Column('instructions', 'thousand instructions', 1), Column('p99', 'p99 ms', 2), Column('memory', 'MiB after', 1)]
    note = None

    def heading(self, what, options):
        return '%s: requests, %d rounds of %d s' % (what, options.rounds, options.seconds)

    def measure(self, row, options, seconds=None):
        tree = row.processes()
        before = processes.seconds(tree)
        with processes.Instructions(tree) as instructions:
            result = clients.wrk(row, '/hello', seconds or options.seconds, options.folder, requests=row.requests)
        used, count = processes.seconds(tree) - before, result['requests']
        return {'requests': count, 'seconds': result['seconds'], 'rate': count / result['seconds'], 'cpu': used / count * 1e6,
                'instructions': instructions.count and instructions.count / count / 1000, 'p99': result['p99'], 'memory': processes.mebibytes(tree)}

    def finish(self, rows, rounds):
        """Figures that take two rows to make."""


class Threads(Requests):
    """The same, with what the front end's threads do to each other: the runtime's own counts, which it shows on /metrics."""
    columns = Requests.columns + [
        Column('contentions', 'contended locks per 1,000 requests', 2, compare=False), Column('items', 'pool work items per request', 2, compare=False)]
    counts = {'contentions': ('dotnet_monitor_lock_contentions_total', 1000), 'items': ('dotnet_thread_pool_work_item_count_total', 1)}

    def measure(self, row, options, seconds=None):
        before = runtime_counts(row.control('GET', '/metrics'))
        figures = super().measure(row, options, seconds)
        after = runtime_counts(row.control('GET', '/metrics'))
        for figure, (name, per) in self.counts.items():
            if name in before and name in after:
                figures[figure] = (after[name] - before[name]) * per / figures['requests']
        return figures


class Capacity(Threads):
    """The same, the first row with one thread, each front end on as many processors as it has threads: how many times the work of one processor it can do."""
    columns = [
        Threads.columns[0], Column('cores', 'times one processor\'s work', 2, compare=False), Column('busy', 'busy, % of its processors', compare=False),
        *Threads.columns[1:]]
    note = (
        'A front end with N threads is started on p processors, the lesser of N and what there is (`taskset`); client and upstream may use all. Times one processor\'s work is\n'
        'p x (CPU per request of the first row) / (CPU per request of the row), in the same round; CPU is the user and system time of the front end\'s own process. That is\n'
        'the ratio of what p processors and one can serve when nothing else holds them up: where client and upstream share the processors, requests/s cannot show it.\n'
        'Busy is CPU / (seconds x p): a front end that often waits for its client pays more for each request, by waking up.')

    def heading(self, what, options):
        return ('%s, on as many processors: processors x CPU per request with 1 / CPU per request with N, %d rounds of %d s'
                % (what, options.rounds, options.seconds))

    def measure(self, row, options, seconds=None):
        figures = super().measure(row, options, seconds)
        figures['busy'] = 100 * figures['cpu'] * figures['requests'] / 1e6 / (figures['seconds'] * len(row.processors))
        return figures

    def finish(self, rows, rounds):
        for row in rows:
            for figures, one in zip(rounds[row.name], rounds[rows[0].name]):
                if figures.get('cpu') and one.get('cpu'):
                    figures['cores'] = len(row.processors) * one['cpu'] / figures['cpu']


def runtime_counts(page):
    """What the .NET runtime counts, from a page of Prometheus's; nothing of a host that does not show it."""
    return {name: float(value) for name, value in re.findall(r'^(dotnet_\w+) (\S+)$', page.decode(), re.M)}


def processors_for(threads):
    """The processors of a front end with so many threads."""
    return sorted(os.sched_getaffinity(0))[:threads]


def timed(work):
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000
