"""WSGI (PEP 3333) between the front end or a daemon process and an application. Run once for each interpreter, by PythonInterpreter.

What begins with `native_` is C#: it lets go of the interpreter lock while it waits. A request is known to it by a number, `request`.
"""
import atexit
import io
import sys
import threading
import traceback

# Of the connection, so for the server to set (RFC 9110, section 7.6.1).
HOP_BY_HOP = frozenset(('connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'trailers', 'transfer-encoding', 'upgrade'))
TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TEXT = bytes(byte for byte in range(256) if byte >= 32 and byte != 127 or byte == 9)
BLOCK = 65536
GONE, FAILED, TIMED_OUT = range(3)  # why native_abort: the client has left, which is no error; the application failed; it took too long

current = threading.local()  # of a request thread. .request: what print and logging belong to; .data: mod_wsgi.request_data(); .thread: its number


class RequestTimeout(BaseException):
    """Raised by C# in a thread whose request has run for too long. No Exception: an application that catches those does not mean this one."""

    __module__ = 'mod_wsgi'


class Input:
    """wsgi.input: the request's body, whether its length is known or not."""

    __module__ = 'mod_wsgi'

    def __init__(self, request):
        self._request = request
        self._held = b''
        self._ended = False

    def expire(self):
        """The request is over: the number by which it is known may be another's by now."""
        self._request = None

    def _more(self, size):
        if self._request is None:
            raise RuntimeError('wsgi.input was read after the end of its request')
        block = b'' if self._ended else native_read(self._request, min(size, BLOCK))
        if not block:
            self._ended = True
        return block

    def read(self, size=-1):
        if size is None or size < 0:
            blocks = [self._held]
            self._held = b''
            while block := self._more(BLOCK):
                blocks.append(block)
            return b''.join(blocks)
        blocks, left = [], size
        while left > 0:
            block = self._held or self._more(left)
            if not block:
                break
            blocks.append(block[:left])
            self._held = block[left:]
            left -= len(blocks[-1])
        return blocks[0] if len(blocks) == 1 else b''.join(blocks)

    def readline(self, size=-1):
        limit = sys.maxsize if size is None or size < 0 else size
        blocks, length = [], 0
        while length < limit:
            block = self._held or self._more(BLOCK)
            if not block:
                break
            end = block.find(b'\n', 0, limit - length) + 1
            take = block[:end] if end else block[:limit - length]
            self._held = block[len(take):]
            blocks.append(take)
            length += len(take)
            if end:
                break
        return b''.join(blocks)

    def readlines(self, hint=-1):
        lines, length = [], 0
        for line in self:
            lines.append(line)
            length += len(line)
            if hint is not None and 0 < hint <= length:
                break
        return lines

    def __iter__(self):
        return iter(self.readline, b'')


class Log(io.RawIOBase):
    """What wsgi.errors, sys.stdout and sys.stderr write to: whole lines go to the event log, with the request that the thread is serving."""

    __module__ = 'mod_wsgi'

    def __init__(self):
        self._lines = threading.local()

    def writable(self):
        return True

    def write(self, data):
        data = bytes(data)
        *lines, self._lines.rest = (getattr(self._lines, 'rest', b'') + data).split(b'\n')
        for line in lines:
            self._log(line)
        return len(data)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        rest = getattr(self._lines, 'rest', b'')
        self._lines.rest = b''
        self._log(rest)

    def close(self):
        """It is all requests', so no application may close it."""
        self.flush()

    @staticmethod
    def _log(line):
        if line:
            native_log(getattr(current, 'request', 0), 0, line.decode('utf-8', 'backslashreplace'))


class FileWrapper:
    """wsgi.file_wrapper: a file in blocks; it is closed with the response."""

    __module__ = 'mod_wsgi'

    def __init__(self, file, block_size=BLOCK):
        self._file = file
        self._block_size = block_size
        if hasattr(file, 'close'):
            self.close = file.close

    def __iter__(self):
        return iter(lambda: self._file.read(self._block_size), b'')


# What is wrong with a status or a header is said in mod_wsgi's words, which people search for.

def status_of(status):
    """Checks what start_response got; gives the number and the reason phrase."""
    line = latin1(status)
    code, space, reason = line[:3], line[3:4], line[4:]
    if len(code) != 3 or not code.isdigit() or space.isdigit():
        raise ValueError('status code must be a 3 digit integer: %r' % line)
    if space not in (b'', b' '):
        raise ValueError('no space following status code: %r' % line)
    if reason.translate(None, TEXT):
        raise ValueError('control character in status reason phrase: %r' % line)
    if not b'200' <= code <= b'599':
        raise ValueError('status code must be from 200 to 599: %r' % line)
    return int(code), reason


def headers_of(headers):
    """Checks what start_response got; gives names and values by turns, without Content-Length, and that; None where there is none."""
    flat, length = [], None
    for header in headers:
        if not isinstance(header, tuple):
            raise TypeError('each header must be a 2-tuple, not %s' % type(header).__name__)
        if len(header) != 2:
            raise ValueError('each header must be a 2-tuple, got length %d' % len(header))
        name, value = latin1(header[0]), latin1(header[1])
        if not name:
            raise ValueError('header name is empty')
        if wrong := name.translate(None, TOKEN):
            what = 'control character' if min(wrong) < 32 or 127 in wrong else 'space character' if 32 in wrong else 'character that none may hold'
            raise ValueError('%s in header name: %r' % (what, name))
        if wrong := value.translate(None, TEXT):
            # A line end would end the header and begin another.
            what = 'carriage return/line feed' if 10 in wrong or 13 in wrong else 'control'
            raise ValueError('%s character in header value: %r' % (what, value))
        lower = header[0].lower()
        if lower in HOP_BY_HOP:
            drop(header[0])
        elif lower == 'content-length':
            if not value.isdigit():
                raise ValueError('Content-Length must be a number: %r' % value)
            if length is not None and length != int(value):
                raise ValueError('Content-Length is given twice: %d and %r' % (length, value))
            length = int(value)
        else:
            flat += name, value
    return tuple(flat), length


def latin1(text):
    if not isinstance(text, str):
        raise TypeError('must be str, not %s' % type(text).__name__)
    return text.encode('latin-1')


def drop(name):
    """A header of the connection is left out, and said to be: once for each, or it would fill the log."""
    if name.lower() not in DROPPED:
        DROPPED.add(name.lower())
        native_log(getattr(current, 'request', 0), 0, 'the application set the header %s, which belongs to the connection and is the server\'s to set; it is dropped, here and from now on' % name)


class Response:
    def __init__(self, request, method):
        self._request = request
        self._is_head = method == 'HEAD'
        self.status = None
        self._reason = b''
        self._headers = ()
        self._length = None
        self._has_body = True
        self.sent = False
        self._left = None

    def expire(self):
        """The request is over: the number by which it is known may be another's by now."""
        self._request = None

    def start(self, status, headers, exc_info=None):
        """start_response. One that raises has not been called: the application may call it again."""
        if self._request is None:
            raise RuntimeError('start_response() called after request completed')
        if not isinstance(headers, list):
            raise TypeError('start_response() argument 2 must be list, not %s' % type(headers).__name__)
        if exc_info is not None and (not isinstance(exc_info, tuple) or len(exc_info) != 3):
            raise RuntimeError("start_response() argument 'exc_info' must be a 3-tuple or None")
        if self.sent:
            try:
                if exc_info is None or exc_info[1] is None:
                    raise RuntimeError('start_response() called more than once without exc_info')
                raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # no circle of frame and traceback
        # Like mod_wsgi, and unlike PEP 3333, it lets a second call without exc_info replace the first one as long as nothing has been sent.
        code, reason = status_of(status)
        self._headers, self._length = headers_of(headers)
        self.status, self._reason = code, reason
        self._has_body = code not in (204, 304)
        return self.write

    def _send_head(self):
        if self.status is None:
            raise AssertionError('the application sent its body before it called start_response')
        self.sent = True
        self._left = self._length
        native_start(self._request, self.status, self._reason, self._headers, -1 if self._length is None else self._length)

    def write(self, block):
        """The callable that start_response returns; what is yielded goes this way too."""
        if not isinstance(block, bytes):
            raise TypeError('the body must be bytes, not %s' % type(block).__name__)
        if not block:
            return
        if self._request is None:
            raise RuntimeError('write() called after request completed')
        if not self.sent:
            self._send_head()
        if self._is_head or not self._has_body:
            return
        if self._left is not None:
            if len(block) > self._left:
                block = block[:self._left]  # what is over would be read as the next response
            self._left -= len(block)
            if not block:
                return
        native_write(self._request, block)

    def send(self, result):
        if isinstance(result, (list, tuple)) and len(result) == 1 and self._length is None and not self.sent and self._has_body and isinstance(result[0], bytes):
            self._length = len(result[0])
        for block in result:
            self.write(block)
            if self._left == 0:
                break  # an endless generator behind a length ends here
        if not self.sent:
            if self._length is None and self._has_body and not self._is_head:
                self._length = 0
            self._send_head()
        if self._left and self._has_body and not self._is_head:
            native_abort(self._request, FAILED, 'the application declared %d bytes and sent %d' % (self._length, self._length - self._left))
            return
        native_end(self._request)


def serve(application, request, environ):
    current.request = request
    current.data = None
    try:
        environ.update(ENVIRON)
        environ['mod_wsgi.thread_id'] = current.thread
        observation = None
        if OBSERVED:
            observation = Observation(environ)
            body, response = ObservedInput(request, observation), ObservedResponse(request, environ['REQUEST_METHOD'], observation)
        else:
            body, response = Input(request), Response(request, environ['REQUEST_METHOD'])
        environ['wsgi.input'] = body
        result = None
        try:
            if observation:
                application = observation.started(environ, application)
            result = application(environ, response.start)
            response.send(result)
        except native_gone:
            native_abort(request, GONE, '')
        except RequestTimeout:
            native_abort(request, TIMED_OUT, traceback.format_exc())
        except BaseException:
            if observation:
                observation.failed()
            native_abort(request, FAILED, traceback.format_exc())
        finally:
            try:
                if hasattr(result, 'close'):
                    result.close()
            except BaseException:
                native_log(request, 1, traceback.format_exc())
            body.expire()
            response.expire()
            if observation:
                observation.finished(response.status)
    finally:
        LOG.flush()
        current.request = 0
        native_done(request)


def stack_of(ident):
    """What a thread is doing, for the log."""
    frame = sys._current_frames().get(ident)
    return ''.join(traceback.format_stack(frame)) if frame else ''


def exit_now():
    """The exit handlers, where a request that does not end forbids to take the interpreter down."""
    atexit._run_exitfuncs()


DROPPED = set()
# A text that is no Unicode (what os.fsdecode makes of a file's name) is logged all the same.
LOG = io.TextIOWrapper(Log(), encoding='utf-8', errors='backslashreplace', line_buffering=True, write_through=True)
sys.stdout = sys.stderr = LOG
sys.argv = ['']
ENVIRON = {
    'wsgi.version': (1, 0),
    'wsgi.errors': LOG,
    'wsgi.multithread': True,
    'wsgi.run_once': False,
    'wsgi.file_wrapper': FileWrapper,
    'wsgi.input_terminated': True,
    'mod_wsgi.version': (6, 0, 2),
    'mod_wsgi.application_group': '',
}
