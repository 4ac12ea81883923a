"""What a server just started is like: its first thousand requests, its first piece of a stream, and a WSGI worker killed and started again."""
import os
import signal
import socket
import threading
import time

from measuring import clients, processes, servers
from measuring.parts import Fresh, Part
from measuring.report import Column

PIECE = b'%019.9f\n'


class DrippingUpstream:
    """An application that sends a head with a first piece, and four more every 50 ms; each piece is the time when it was written."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.socket = os.path.join(folder, 'drip.sock')
        self.port = None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.socket)
        os.chmod(self.socket, 0o777)
        self.listener.listen(16)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        with connection:
            while connection.recv(65536):
                head = b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n'
                for _ in range(5):
                    connection.sendall(head + PIECE % time.perf_counter())
                    head = b''
                    time.sleep(0.05)

    def close(self):
        # A thread that waits for a connection does not notice that its socket was closed.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.socket)


def first_piece(server, path):
    """Seconds from when the first piece was written to when it was here."""
    clients.until_connected(server).close()
    with clients.connect(server) as client:
        client.sendall(clients.ask(path))
        received, here = b'', None
        while len(received.partition(b'\r\n\r\n')[2]) < 100:
            more = client.recv(65536)
            if not more:
                raise clients.Failed('%s closed the connection' % server.title)
            received += more
            if here is None and len(received.partition(b'\r\n\r\n')[2]) >= 20:
                here = time.perf_counter()
        return here - float(received.partition(b'\r\n\r\n')[2][:20])


class First(Fresh):
    columns = [Column('p50', 'p50 of 1,000 ms', 2), Column('p99', 'p99 of 1,000 ms', 2), Column('longest', 'longest ms', 1), Column('piece', 'first piece ms', 1)]
    note = ('The first 1,000 requests of 13 bytes, one after the other on one connection; and in a start of its own, how long the first piece of the first response takes from the '
            'application to the client. The flush delay of DaemonProxy, 5 ms, is a part of that.')

    def heading(self, options):
        return 'the first requests after a start, %d rounds' % options.rounds

    def measure(self, server, options):
        upstream = server.upstream
        try:
            server.start(os.path.join(options.folder, 'first'), upstream, answer=lambda started, _: clients.until_connected(started).close())
            taken = clients.in_turn(server, '/hello', 1000)
            server.stop()
            dripping = DrippingUpstream(os.path.join(options.folder, 'first'))
            try:
                result = {}
                server.start(os.path.join(options.folder, 'first'), dripping, answer=lambda started, path: result.update(piece=first_piece(started, path) * 1000))
            finally:
                dripping.close()
            return {'p50': clients.percentile(taken, 50) * 1000, 'p99': clients.percentile(taken, 99) * 1000, 'longest': max(taken) * 1000, **result}
        finally:
            server.stop()


class Recovery(Part):
    """A round is one kill."""
    base = 'wsgi-recovery'
    columns = [Column('ready', 'ms to the next answer'), Column('resident', 'worker MiB resident', 1), Column('own', 'worker MiB of its own', 1)]
    note = 'One worker of the application of 13 bytes is killed, and the next request waits for its successor. Memory of the worker before that, after 100 requests.'

    def rounds(self, options):
        return 5 if options.quick else 20

    def heading(self, options):
        return 'a killed WSGI worker, %d kills' % self.rounds(options)

    def open(self, options, stage, stack):
        return stage.start(stage.chosen(servers.recovery()), 'recovery', None, stack)

    def measure(self, server, options):
        # Longer than the pause between two starts of a worker that ends too often.
        time.sleep(1.2)
        for _ in range(100):
            clients.get(server, '/hello')
        worker = [process for process in server.processes() if processes.command(process)[1:2] == ['daemon']][0]
        resident, own = processes.kibibytes(worker, ('Rss:',)) / 1024, processes.kibibytes(worker, ('Private_Clean:', 'Private_Dirty:')) / 1024
        start = time.perf_counter()
        os.kill(worker, signal.SIGKILL)
        clients.get(server, '/hello')
        return {'ready': (time.perf_counter() - start) * 1000, 'resident': resident, 'own': own}


FRESH_PARTS = {'first': First(), 'recovery': Recovery()}
