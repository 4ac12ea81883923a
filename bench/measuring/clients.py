"""The clients: the same for every server, and cheap enough not to be what is measured."""
import collections
import ctypes
import json
import os
import select
import socket
import subprocess
import time

DONE = '''
done = function(summary, latency)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout
  io.write(string.format('\\n{"requests": %d, "seconds": %.6f, "failed": %d, "p50": %.3f, "p99": %.3f, "p999": %.3f}\\n', summary.requests, summary.duration / 1e6, failed,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000))
end
'''

BODY = '''
wrk.method, wrk.body = 'POST', string.rep('x', %d)
'''
TURNS = '''
local requests, turn = { %s }, 0
request = function()
  turn = turn %% #requests + 1
  return requests[turn]
end
'''


class Failed(Exception):
    pass


def wrk(server, path, seconds, folder, connections=32, requests=None, body=0):
    """
    Requests, seconds, and percentiles of the answer's time in ms. `requests` are sent in turn in place of one for the path: bytes, from the method on. `body` is the size of an
    upload, which makes each a POST.
    """
    name, text = 'done', DONE
    if body:
        name, text = 'upload-%d' % body, DONE + BODY % body
    if requests is not None:
        name, text = server.name, DONE + TURNS % ', '.join('"%s"' % request.decode().replace('\r\n', '\\r\\n') for request in requests)
    script = os.path.join(folder, name + '.lua')
    if not os.path.exists(script):
        with open(script, 'w') as file:
            file.write(text)
    run = subprocess.run(['wrk', '-t1', '-c%d' % connections, '-d%ds' % seconds, '--latency', '-s', script, 'http://127.0.0.1:%d%s' % (server.port, path)],
                         capture_output=True, text=True, timeout=seconds + 60)
    if run.returncode != 0:
        raise Failed('wrk: ' + run.stderr)
    result = json.loads(run.stdout.rstrip().rpartition('\n')[2])
    failed = result.pop('failed')
    if failed or not result['requests']:
        raise Failed('%s: %d of %d requests failed' % (server.title, failed, result['requests']))
    return result


def connect(server):
    client = socket.create_connection(('127.0.0.1', server.port), timeout=60)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def ask(path):
    return b'GET %s HTTP/1.1\r\nHost: bench\r\n\r\n' % path.encode()


def read_head(client, server):
    """The head's Content-Length, and how much of the body came with it."""
    head = b''
    while b'\r\n\r\n' not in head:
        received = client.recv(16384)
        if not received:
            raise Failed('%s closed the connection' % server.title)
        head += received
    head, _, body = head.partition(b'\r\n\r\n')
    if b' 200 ' not in head[:16]:
        raise Failed('%s answered %s' % (server.title, head.split(b'\r\n')[0].decode('latin-1')))
    fields = dict(line.lower().split(b':', 1) for line in head.split(b'\r\n')[1:])
    return int(fields[b'content-length']), len(body)


def get(server, path):
    """One request on a connection of its own; the whole answer."""
    with connect(server) as client:
        client.sendall(ask(path))
        length, received = read_head(client, server)
        while received < length:
            received += len(client.recv(65536)) or 1 << 60


def download(server, path, count=1):
    """Bytes and seconds of that many answers at the same time. What arrives is discarded in the kernel, so the client costs next to nothing."""
    buffer = bytearray(1 << 20)
    clients = [connect(server) for _ in range(count)]
    start = time.perf_counter()
    for client in clients:
        client.sendall(ask(path))
    left, total, poll = {}, 0, select.poll()
    for client in clients:
        length, received = read_head(client, server)
        left[client.fileno()] = [client, length - received]
        total += length
        client.setblocking(False)
        poll.register(client, select.POLLIN)
    while left:
        for number, _ in poll.poll(60_000) or [(None, None)]:
            if number is None:
                raise Failed('%s sent nothing for a minute' % server.title)
            entry = left[number]
            try:
                while entry[1] > 0:
                    received = entry[0].recv_into(buffer, min(entry[1], len(buffer)), socket.MSG_TRUNC)
                    if received == 0:
                        raise Failed('%s broke off' % server.title)
                    entry[1] -= received
            except BlockingIOError:
                continue
            poll.unregister(number)
            del left[number]
    seconds = time.perf_counter() - start
    for client in clients:
        client.close()
    return total, seconds


def upload(server, path, file):
    """Bytes and seconds of one upload of a file."""
    size = os.fstat(file.fileno()).st_size
    with connect(server) as client:
        start = time.perf_counter()
        client.sendall(b'POST %s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n' % (path.encode(), size))
        client.sendfile(file, 0, size)
        read_head(client, server)
        return size, time.perf_counter() - start


def first_answer(server, path, limit=30):
    """Waits for the first answer."""
    end = time.monotonic() + limit
    while True:
        try:
            return get(server, path)
        except (OSError, Failed) as failure:
            server.check()
            if time.monotonic() > end:
                raise Failed('%s does not answer: %s' % (server.title, failure)) from failure
            time.sleep(0.001)


def until_connected(server, limit=30):
    """Waits until it accepts a connection, and gives that."""
    end = time.monotonic() + limit
    while True:
        try:
            return connect(server)
        except OSError as failure:
            server.check()
            if time.monotonic() > end:
                raise Failed('%s does not listen: %s' % (server.title, failure)) from failure
            time.sleep(0.001)


def in_turn(server, path, count):
    """Seconds that each of so many requests took, one after the other on one connection."""
    taken, request = [], ask(path)
    with connect(server) as client:
        for _ in range(count):
            start = time.perf_counter()
            client.sendall(request)
            length, received = read_head(client, server)
            if received < length:
                client.recv(length - received, socket.MSG_WAITALL)
            taken.append(time.perf_counter() - start)
    return taken


def hold(server, path, count):
    """That many connections, each of which has been answered once and is idle."""
    clients = []
    for _ in range(count):
        client = connect(server)
        client.sendall(ask(path))
        length, received = read_head(client, server)
        if received < length:
            client.recv(length - received, socket.MSG_WAITALL)
        clients.append(client)
    return clients


def percentile(values, percent):
    return sorted(values)[min(len(values) - 1, int(len(values) * percent / 100))]


def paced(server, path, rate, seconds, connections=32):
    """Seconds that each answer took, at a constant rate: from when its request was due, whether or not the answers before it had come."""
    # A wait ends when it is over, not up to 50 us later (PR_SET_TIMERSLACK).
    ctypes.CDLL(None).prctl(29, 1, 0, 0, 0)
    request, taken = ask(path), []
    idle, busy, waiting = collections.deque(hold(server, path, connections)), {}, collections.deque()
    start = time.perf_counter() + 0.01
    due = [start + index / rate for index in range(int(rate * seconds))]
    index = 0
    while len(taken) < len(due):
        now = time.perf_counter()
        if index < len(due) and now >= due[index]:
            waiting.append(due[index])
            index += 1
        while waiting and idle:
            client = idle.popleft()
            busy[client] = waiting.popleft()
            client.sendall(request)
        if now > due[-1] + 10:
            raise Failed('%s left %d of %d answers out for 10 s' % (server.title, len(due) - len(taken), len(due)))
        for client in select.select(list(busy), (), (), max(0, due[index] - time.perf_counter()) if index < len(due) else 1)[0]:
            # The answer is short: it comes whole.
            if not client.recv(16384):
                raise Failed('%s closed the connection' % server.title)
            taken.append(time.perf_counter() - busy.pop(client))
            idle.append(client)
    for client in idle:
        client.close()
    return taken
