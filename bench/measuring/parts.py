"""What is measured: each part has its servers, its figures, its row to compare with, and a measurement of one server in one round."""
import os
import time

from measuring import clients, processes, servers
from measuring.report import Column

MEBI, GIBI = 1 << 20, 1 << 30
SIZES = {'16k': 16384, '1g': GIBI, '256m': 256 * MEBI, '128m': 128 * MEBI}


class Part:
    """One table. `open` gives its servers, ready to be measured, and puts on the stack what ends them."""
    base = 'nginx'
    note = None

    def rounds(self, options):
        return options.rounds

    def open(self, options, stage, stack):
        """The proxies before the upstream, which all parts share that do not say otherwise."""
        return stage.shared()

    def warm_up(self, server, options):
        """A just-in-time compiler is at its best after some seconds of work, and nobody keeps a proxy for less."""

    def finish(self, rounds):
        """Figures that take two rows to make."""


class Requests(Part):
    columns = [Column('rate', 'requests/s'), Column('p50', 'p50 ms', 2), Column('p99', 'p99 ms', 2), Column('p999', 'p99.9 ms', 2), Column('cpu', 'CPU s per million', 1)]

    def __init__(self, title, path, body=0, connections=32):
        self.title, self.path, self.body, self.connections = title, path, body, connections

    def heading(self, options):
        return '%s, %d kept-alive connections, %d rounds of %d s' % (self.title, self.connections, options.rounds, options.seconds)

    def warm_up(self, server, options):
        self.send(server, options, options.warm_up)

    def send(self, server, options, seconds):
        return clients.wrk(server, self.path, seconds, options.folder, self.connections, body=self.body)

    def measure(self, server, options):
        tree = server.processes()
        before = processes.seconds(tree)
        result = self.send(server, options, options.seconds)
        used = processes.seconds(tree) - before
        return {**result, 'rate': result['requests'] / result['seconds'], 'cpu': used / result['requests'] * 1e6 if tree else None}


class Wsgi(Requests):
    """The same, of a WSGI application; the CPU includes the application's."""
    columns = Requests.columns + [Column('mode', 'to mod_wsgi in that mode', 2, compare=False)]
    base = 'gunicorn'
    modes = {'wsgi': 'mod-wsgi', 'wsgi-embedded': 'mod-wsgi-embedded'}

    def open(self, options, stage, stack):
        # A folder for each path: what a server of another part has left in one is not met.
        return stage.start(stage.chosen(servers.wsgi()), 'wsgi-' + self.path.strip('/'), None, stack)

    def finish(self, rounds):
        for name, other in self.modes.items():
            for row, beside in zip(rounds.get(name, []), rounds.get(other, [])):
                if 'rate' in row and 'rate' in beside:
                    row['mode'] = row['rate'] / beside['rate']


class Transfer(Part):
    columns = [Column('rate', 'MiB/s'), Column('cpu', 'CPU s per GiB', 2)]
    # The stricter of nginx's two: without buffering it passes a large body faster.
    base = 'nginx-unbuffered'

    def measure(self, server, options):
        tree = server.processes()
        before = processes.seconds(tree)
        size, seconds = self.transfer(server, options)
        used = processes.seconds(tree) - before
        return {'rate': size / seconds / MEBI, 'cpu': used / size * GIBI if tree else None}


class Bulk(Transfer):
    def __init__(self, count):
        self.count = count

    def file(self, options):
        return '1g' if not options.quick else '256m' if self.count == 1 else '128m'

    def heading(self, options):
        return 'an answer of %d MiB, %s, %d rounds' % (SIZES[self.file(options)] // MEBI, 'one at a time' if self.count == 1 else '%d at a time' % self.count, options.rounds)

    def warm_up(self, server, options):
        for _ in range(3):
            clients.download(server, '/256m')

    def transfer(self, server, options):
        return clients.download(server, '/' + self.file(options), self.count)


class Upload(Transfer):
    def file(self, options):
        return '256m' if options.quick else '1g'

    def heading(self, options):
        return 'a request of %d MiB, %d rounds' % (SIZES[self.file(options)] // MEBI, options.rounds)

    def open(self, options, stage, stack):
        sink = servers.sink()
        stack.callback(sink.stop)
        sink.start(options.folder)
        return stage.start(stage.chosen(servers.proxies()), 'upload', sink, stack)

    def warm_up(self, server, options):
        self.send(server, options, '256m')

    def transfer(self, server, options):
        return self.send(server, options, self.file(options))

    def send(self, server, options, name):
        with open(os.path.join(options.folder, 'upstream', 'files', name), 'rb') as file:
            return clients.upload(server, '/hello', file)


class Latency(Part):
    columns = [Column('added50', 'added p50 us'), Column('added99', 'added p99 us'), Column('p50', 'p50 us'), Column('p99', 'p99 us')]
    note = 'From when a request was due; added is the difference to the row without a proxy in the same round.'

    def heading(self, options):
        return '13 bytes at 1,000 requests/s, %d rounds of %d s' % (options.rounds, options.seconds)

    def open(self, options, stage, stack):
        shared = stage.shared()
        return shared if any(server.name == 'direct' for server in shared) else stage.start([servers.proxies()[0]], '', stage.upstream, stack) + shared

    def warm_up(self, server, options):
        clients.paced(server, '/hello', 1000, 1)

    def measure(self, server, options):
        taken = clients.paced(server, '/hello', 1000, options.seconds)
        return {'p50': clients.percentile(taken, 50) * 1e6, 'p99': clients.percentile(taken, 99) * 1e6}

    def finish(self, rounds):
        for rows in rounds.values():
            for row, direct in zip(rows, rounds['direct']):
                if 'p50' in row and 'p50' in direct:
                    row['added50'], row['added99'] = row['p50'] - direct['p50'], row['p99'] - direct['p99']


class Fresh(Part):
    """A part whose every measurement starts the server anew."""

    def open(self, options, stage, stack):
        chosen = [server for server in stage.chosen(servers.proxies()) if server.command]
        for server in chosen:
            server.upstream = stage.upstream
            stack.callback(server.stop)
        return chosen


class Start(Fresh):
    columns = [Column('start', 'ms')]

    def heading(self, options):
        return 'from start to first answer, %d rounds' % options.rounds

    def measure(self, server, options):
        try:
            return {'start': server.start(os.path.join(options.folder, 'start'), server.upstream) * 1000}
        finally:
            server.stop()


class Memory(Fresh):
    columns = [Column('idle', 'MiB idle', 1), Column('connection', 'KiB per idle connection', 2), Column('rested', 'after 15 s', 2), Column('after', 'MiB after work', 1)]
    note = 'Resident, of all processes, what they share counted once: one second after the first answer; what each idle connection, answered once, adds after a second and after 15 s; and one second after a round of requests of 13 bytes.'

    def count(self, options):
        return 1000 if options.quick else 5000

    def rounds(self, options):
        # What it has hardly varies.
        return 1 if options.quick else min(3, options.rounds)

    def heading(self, options):
        return 'memory idle, and with {:,} idle connections, rounds: {}'.format(self.count(options), self.rounds(options))

    def measure(self, server, options):
        try:
            server.start(os.path.join(options.folder, 'memory'), server.upstream)
            time.sleep(1)
            idle = processes.mebibytes(server.processes())
            held = clients.hold(server, '/hello', self.count(options))
            time.sleep(1)
            connected = processes.mebibytes(server.processes())
            time.sleep(14)
            rested = processes.mebibytes(server.processes())
            for client in held:
                client.close()
            clients.wrk(server, '/hello', options.seconds, options.folder)
            time.sleep(1)
            each = 1024 / len(held)
            return {'idle': idle, 'connection': (connected - idle) * each, 'rested': (rested - idle) * each, 'after': processes.mebibytes(server.processes())}
        finally:
            server.stop()


class Embedded(Part):
    """What a million embedded requests leave behind: one row is one server, measured as it grows."""
    base = 'mod-wsgi-embedded'
    columns = [Column('first', 'MiB after 100,000', 1), Column('last', 'MiB after 1,000,000', 1), Column('growth', 'growth, %', 1)]

    def heading(self, options):
        return 'memory of the front end by embedded requests'

    def rounds(self, options):
        return 1

    def open(self, options, stage, stack):
        return stage.start([server for server in stage.chosen(servers.wsgi()) if 'embedded' in server.name], 'embedded', None, stack)

    def measure(self, server, options):
        marks = []
        done = 0
        for mark in (100_000, 1_000_000):
            while done < mark:
                done += clients.wrk(server, '/hello', 2, options.folder)['requests']
            marks.append(processes.mebibytes(server.processes()))
        return {'first': marks[0], 'last': marks[1], 'growth': 100 * (marks[1] / marks[0] - 1)}


WSGI_SIZE = '2 processes with 15 threads or 15 threads embedded'
PARTS = {
    'requests': Requests('an answer of 13 bytes', '/hello'),
    'requests-16k': Requests('an answer of 16 KiB', '/16k'),
    'bulk': Bulk(1),
    'bulk-8': Bulk(8),
    'upload': Upload(),
    'latency': Latency(),
    'start': Start(),
    'memory': Memory(),
    'wsgi': Wsgi('a WSGI application of 13 bytes, ' + WSGI_SIZE, '/hello'),
    'wsgi-100k': Wsgi('a WSGI application of 100 KiB in one block, ' + WSGI_SIZE, '/100k'),
    'wsgi-upload': Wsgi('an upload of 1 MiB that a WSGI application reads whole, ' + WSGI_SIZE, '/upload', body=MEBI, connections=8),
    'embedded-memory': Embedded(),
}
# What two minutes have room for.
QUICK = [name for name in PARTS if name not in ('latency', 'wsgi-100k', 'wsgi-upload', 'embedded-memory')]
QUICK_ROWS = ['haproxy', 'nginx', 'nginx-unbuffered', 'daemonproxy', 'mod-wsgi', 'mod-wsgi-embedded', 'gunicorn', 'uwsgi', 'wsgi', 'wsgi-embedded']
