"""What can go well or wrong in an application, by the last part of the path. It counts the close() of its responses."""
import atexit
import hashlib
import json
import os
import threading
import time
from urllib.parse import parse_qs

closed = 0
lock = threading.Lock()
meeting = threading.Barrier(4)
HERE = os.path.dirname(os.path.abspath(__file__))


@atexit.register
def goodbye():
    with open(os.path.join(HERE, 'goodbye-%d' % os.getpid()), 'w') as file:
        file.write('goodbye')


class Body:
    def __init__(self, blocks, fail_in_close=False):
        self._blocks = iter(blocks)
        self._fail_in_close = fail_in_close

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._blocks)

    def close(self):
        global closed
        with lock:
            closed += 1
        if self._fail_in_close:
            raise ValueError('raised in close')


def endless():
    while True:
        yield b'x' * 8192


def late():
    yield b'x' * 1000
    raise ValueError('raised in the iteration')


def first_block_then_raise():
    yield b'x' * 100
    raise ValueError('raised after the first block')


def blocks(count):
    block = bytes(range(256)) * 256
    while count > 0:
        yield block[:count]
        count -= len(block)


def application(environ, start_response):
    name = environ['PATH_INFO'].rpartition('/')[2]
    query = parse_qs(environ['QUERY_STRING'])
    count = int(query.get('n', ['0'])[0])
    if name == 'raise':
        raise ValueError('raised in the call')
    if name == 'exit':
        raise SystemExit(3)
    if name == 'status':
        start_response('2000 OK', [])
    if name == 'header':
        start_response('200 OK', [('X-Bad', 'a\r\nSet-Cookie: b')])
    if name == 'no-start':
        return [b'body']
    if name == 'text':
        start_response('200 OK', [])
        return ['text']
    if name == 'upload':
        digest, length = hashlib.sha256(), 0
        while block := environ['wsgi.input'].read(1 << 20):
            digest.update(block)
            length += len(block)
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return Body([b'%d %s' % (length, digest.hexdigest().encode())])
    if name == 'meet':
        meeting.wait(30)
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [b'met']
    if name == 'hang':
        while True:
            time.sleep(0.01)
    start_response('200 OK', [('Content-Length', '10')] if name in ('short', 'long') else [('Content-Type', 'application/octet-stream')])
    return {
        'endless': lambda: Body(endless()),
        'late': lambda: Body(late()),
        'one-block': lambda: Body(first_block_then_raise()),
        'environ': lambda: [json.dumps({key: value for key, value in environ.items() if isinstance(value, str)}).encode()],
        'close': lambda: Body([b'all'], fail_in_close=True),
        'short': lambda: Body([b'12345']),
        'long': lambda: Body([b'1234567890', b'surplus']),
        'download': lambda: Body(blocks(count)),
        'pid': lambda: [b'%d' % os.getpid()],
        'closed': lambda: [b'%d' % closed],
    }.get(name, lambda: [b'fine'])()
