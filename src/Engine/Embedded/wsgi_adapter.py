"""WSGI (PEP 3333) between the front end or a daemon process and an application. Run once for each interpreter, by PythonInterpreter.

What begins with `native_` is C#: it lets go of the interpreter lock while it waits. A request is known to it by a number, `request`.
"""
import atexit
import importlib
import os
import sys
import threading
import time
import traceback

HOP_BY_HOP = frozenset(('connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'trailers', 'transfer-encoding', 'upgrade'))
TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
BLOCK = 65536
GONE, FAILED, TIMED_OUT = range(3)  # why native_abort: the client has left, which is no error; the application failed; it took too long

current = threading.local()  # .request: what print and logging belong to


class RequestTimeout(BaseException):
    """Raised by C# in a thread whose request has run for too long. No Exception: an application that catches those does not mean this one."""


class Input:
    """wsgi.input: the request's body, whether its length is known or not."""

    def __init__(self, request):
        self._request = request
        self._held = b''
        self._ended = False

    def _more(self, size):
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


class FileWrapper:
    """wsgi.file_wrapper: a file in blocks; it is closed with the response."""

    def __init__(self, file, block_size=BLOCK):
        self._file = file
        self._block_size = block_size
        if hasattr(file, 'close'):
            self.close = file.close

    def __iter__(self):
        return iter(lambda: self._file.read(self._block_size), b'')


class Response:
    def __init__(self, request, method):
        self._request = request
        self._is_head = method == 'HEAD'
        self._status = None
        self._headers = ()
        self._length = None
        self._has_body = True
        self.sent = False
        self._left = None

    def start(self, status, headers, exc_info=None):
        """start_response."""
        if exc_info:
            try:
                if self.sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # no circle of frame and traceback
        elif self._status is not None:
            raise AssertionError('start_response was called again without exc_info')
        self._check_status(status)
        self._check_headers(headers)
        return self.write

    def _check_status(self, status):
        if not isinstance(status, str):
            raise TypeError('the status must be a str, not %s' % type(status).__name__)
        code, _, reason = status.partition(' ')
        if len(code) != 3 or not code.isascii() or not code.isdigit() or not '200' <= code <= '599':
            raise ValueError('the status %r does not begin with a number from 200 to 599' % status)
        if any(c < ' ' and c != '\t' or c == '\x7f' for c in reason):
            raise ValueError('the status %r holds a control character' % status)
        self._status = int(code)
        self._reason = reason.encode('latin-1')
        self._has_body = self._status not in (204, 304)

    def _check_headers(self, headers):
        if not isinstance(headers, list):
            raise TypeError('the headers must be a list, not %s' % type(headers).__name__)
        flat, self._length = [], None
        for header in headers:
            if not isinstance(header, tuple) or len(header) != 2 or not isinstance(header[0], str) or not isinstance(header[1], str):
                raise TypeError('the header %r is not a tuple of two str' % (header,))
            name, value = header
            if not name or not TOKEN.issuperset(name):
                raise ValueError('%r is no header name' % name)
            if '\n' in value or '\r' in value or '\0' in value:
                raise ValueError('the value of header %s holds a line end: %r' % (name, value))
            lower = name.lower()
            if lower in HOP_BY_HOP:
                raise ValueError('the header %s is for the server to set' % name)
            if lower == 'content-length':
                if not value.isascii() or not value.isdigit():
                    raise ValueError('Content-Length %r is no number' % value)
                if self._length is not None and self._length != int(value):
                    raise ValueError('Content-Length is given twice')
                self._length = int(value)
                continue
            flat.append(name.encode('latin-1'))
            flat.append(value.encode('latin-1'))
        self._headers = tuple(flat)

    def _send_head(self):
        if self._status is None:
            raise AssertionError('the application sent its body before it called start_response')
        self.sent = True
        self._left = self._length
        native_start(self._request, self._status, self._reason, self._headers, -1 if self._length is None else self._length)

    def write(self, block):
        """The callable that start_response returns; what is yielded goes this way too."""
        if not isinstance(block, bytes):
            raise TypeError('the body must be bytes, not %s' % type(block).__name__)
        if not block:
            return
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
    response = Response(request, environ['REQUEST_METHOD'])
    result = None
    try:
        environ['wsgi.input'] = Input(request)
        environ.update(ENVIRON)
        result = application(environ, response.start)
        response.send(result)
    except native_gone:
        native_abort(request, GONE, '')
    except RequestTimeout:
        native_abort(request, TIMED_OUT, traceback.format_exc())
    except BaseException:
        native_abort(request, FAILED, traceback.format_exc())
    finally:
        try:
            if hasattr(result, 'close'):
                result.close()
        except BaseException:
            native_log(request, 1, traceback.format_exc())
        LOG.flush()
        current.request = 0
        native_done(request)


class Application:
    """An application by its script's path, or as module:callable; loaded when it is first needed, again when that failed, and when its script is another by now."""

    def __init__(self, target, name, reloads):
        self._target = target
        self._name = name
        self._reloads = reloads and os.path.isabs(target)
        self._lock = threading.Lock()
        self._callable = None
        self._stamp = None

    def load(self):
        if self._callable is None or self._reloads and self._stamp != self._stat():
            with self._lock:
                stamp = self._stat()
                if self._callable is None or self._stamp != stamp:
                    self._callable = None
                    self._callable = self._find()
                    self._stamp = stamp
        return self._callable

    def _stat(self):
        if not self._reloads:
            return None
        status = os.stat(self._target)
        return status.st_mtime_ns, status.st_size, status.st_ino

    def try_load(self):
        """What kept it from being loaded, or None."""
        try:
            self.load()
        except BaseException:
            return load_failure(self._target)

    def _find(self):
        if os.path.isabs(self._target):
            namespace = {'__name__': '_wsgi_%x' % (hash(self._target) & 0xffffffff), '__file__': self._target, '__builtins__': __builtins__}
            with open(self._target, 'rb') as file:
                exec(compile(file.read(), self._target, 'exec'), namespace)
        else:
            module, _, name = self._target.partition(':')
            self._name = name or self._name
            namespace = vars(importlib.import_module(module))
        try:
            found = namespace[self._name]
        except KeyError:
            raise LookupError('%s has no callable named %r' % (self._target, self._name)) from None
        if not callable(found):
            raise TypeError('%r in %s is not callable' % (self._name, self._target))
        return found

    def run(self):
        """Serves requests until there are no more; on each of the request threads."""
        ident = threading.get_ident()
        while True:
            try:
                taken = native_next(ident)
                if taken is None:
                    return
                request, environ = taken
                try:
                    application = self.load()
                except BaseException:
                    native_abort(request, FAILED, load_failure(self._target))
                    native_done(request)
                    continue
                serve(application, request, environ)
            except RequestTimeout:
                pass  # it came in the moment in which the request ended; native_next sees to what is left of it


def stack_of(ident):
    """What a thread is doing, for the log."""
    frame = sys._current_frames().get(ident)
    return ''.join(traceback.format_stack(frame)) if frame else ''


def exit_now():
    """The exit handlers, where a request that does not end forbids to take the interpreter down."""
    atexit._run_exitfuncs()


ENVIRON = {
    'wsgi.version': (1, 0),
    'wsgi.errors': LOG,
    'wsgi.multithread': True,
    'wsgi.run_once': False,
    'wsgi.file_wrapper': FileWrapper,
    'wsgi.input_terminated': True,
    'mod_wsgi.version': (6, 0, 2),
    'mod_wsgi.application_group': '',
    'mod_wsgi.callable_object': 'application',
}
