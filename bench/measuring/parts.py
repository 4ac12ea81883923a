"""What is measured: each part has its figures, its row to compare with, and a measurement of one server in one round."""
from measuring import clients, processes
from measuring.report import Column

MEBI, GIBI = 1 << 20, 1 << 30
SIZES = {'16k': 16384, '1g': GIBI, '256m': 256 * MEBI, '128m': 128 * MEBI}


class Part:
    """One table."""
    base = 'nginx'
    warm = 3

    def warm_up(self, server, options):
        """A just-in-time compiler is at its best after some seconds of work, and nobody keeps a proxy for less."""
        self.measure(server, options)


class Requests(Part):
    columns = [Column('rate', 'requests/s'), Column('p50', 'p50 ms', 2), Column('p99', 'p99 ms', 2), Column('p999', 'p99.9 ms', 2), Column('cpu', 'CPU s per million', 1)]

    def __init__(self, title, path):
        self.title, self.path = title, path

    def heading(self, options):
        return '%s, 32 kept-alive connections, %d rounds of %d s' % (self.title, options.rounds, options.seconds)

    def warm_up(self, server, options):
        clients.wrk(server, self.path, options.warm_up, options.folder)

    def measure(self, server, options):
        tree = server.processes()
        before = processes.seconds(tree)
        result = clients.wrk(server, self.path, options.seconds, options.folder)
        used = processes.seconds(tree) - before
        return {**result, 'rate': result['requests'] / result['seconds'], 'cpu': used / result['requests'] * 1e6 if tree else None}


class Bulk(Part):
    columns = [Column('rate', 'MiB/s'), Column('cpu', 'CPU s per GiB', 2)]
    # The stricter of nginx's two: without buffering it sends a large answer faster.
    base = 'nginx-unbuffered'

    def __init__(self, count):
        self.count = count

    def file(self, options):
        return '/1g' if not options.quick else '/256m' if self.count == 1 else '/128m'

    def heading(self, options):
        size = SIZES[self.file(options)[1:]] // MEBI
        return 'an answer of %d MiB, %s, %d rounds' % (size, 'one at a time' if self.count == 1 else '%d at a time' % self.count, options.rounds)

    def warm_up(self, server, options):
        for _ in range(3):
            clients.download(server, '/256m')

    def measure(self, server, options):
        tree = server.processes()
        before = processes.seconds(tree)
        size, seconds = clients.download(server, self.file(options), self.count)
        used = processes.seconds(tree) - before
        return {'rate': size / seconds / MEBI, 'cpu': used / size * GIBI if tree else None}


PARTS = {
    'requests': Requests('an answer of 13 bytes', '/hello'),
    'requests-16k': Requests('an answer of 16 KiB', '/16k'),
    'bulk': Bulk(1),
    'bulk-8': Bulk(8),
}
