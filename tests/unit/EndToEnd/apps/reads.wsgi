"""Reads its request's body as the query says, and answers with its length and its hash. What a read gives is checked against PEP 3333."""
import hashlib
import itertools
import threading
from urllib.parse import parse_qs

broken = 0
lock = threading.Lock()


def by_size(body, size):
    while block := body.read(size):
        yield block
        if len(block) < size:
            assert body.read(size) == b'', 'a read that was not the last gave fewer bytes than were asked for'
            return


def by_line(body):
    while line := body.readline():
        yield line


def checked(lines):
    """Each line but the last ends in a line feed, and has no other."""
    is_last = False
    for line in lines:
        assert line and not is_last and line.find(b'\n') in (-1, len(line) - 1), 'a line is more or less than a line'
        is_last = not line.endswith(b'\n')
        yield line


def by_hint(body, hint):
    while lines := body.readlines(hint):
        length = sum(map(len, lines))
        assert length - len(lines[-1]) < hint, 'more lines than were asked for'
        yield from checked(lines)


def mixed(body):
    """Each way takes up where the one before has left off."""
    yield body.readline(100)
    yield body.read(7)
    for line in itertools.islice(body, 3):
        yield line
    yield body.readline()
    yield body.read(0)
    yield body.readline(0)
    yield body.read(65536)
    yield body.readline(3)
    yield from itertools.islice(iter(body), 2)
    yield from body.readlines(1)
    yield body.read(-1)


WAYS = {
    'all': lambda body: [body.read()],
    'none-size': lambda body: [body.read(None)],
    '1': lambda body: by_size(body, 1),
    '1000': lambda body: by_size(body, 1000),
    '65536': lambda body: by_size(body, 65536),
    '10MiB': lambda body: by_size(body, 10 << 20),
    'readline': lambda body: checked(by_line(body)),
    'readline-100': lambda body: iter(lambda: body.readline(100), b''),
    'iteration': checked,
    'readlines': lambda body: checked(body.readlines()),
    'readlines-hint': lambda body: by_hint(body, 5000),
    'mixed': mixed,
}


def read(way, body):
    digest, length = hashlib.sha256(), 0
    for block in WAYS[way](body):
        assert type(block) is bytes, 'a read gave %s' % type(block)
        digest.update(block)
        length += len(block)
    assert (body.read(), body.read(5), body.readline(), body.readlines(), list(body)) == (b'', b'', b'', [], []), 'there is more after the end'
    return '%d %s' % (length, digest.hexdigest())


def echo(body, start_response):
    """Answers each piece when it has come, and not when the next has."""
    start_response('200 OK', [])
    yield body.readline()
    yield body.read(5)
    yield next(iter(body))
    yield body.read()


def left(way, body, start_response):
    """Says that it has begun, and counts a read that a client has left in the middle of."""
    global broken
    start_response('200 OK', [])
    yield b'begun'
    try:
        read(way, body)
    except OSError:
        with lock:
            broken += 1
        raise


def application(environ, start_response):
    query = parse_qs(environ['QUERY_STRING'])
    way = query['how'][0]
    body = environ['wsgi.input']
    if way == 'echo':
        return echo(body, start_response)
    if 'leaves' in query:
        return left(way, body, start_response)
    if way == 'broken':
        text = str(broken)
    elif way == 'not-at-all':
        text = way
    else:
        text = read(way, body)
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [text.encode()]
