"""WSGI (PEP 3333) between the front end or a daemon process and an application. Run once for each interpreter, by PythonInterpreter.

What begins with `native_` is C#: it lets go of the interpreter lock while it waits. A request is known to it by a number, `request`.
"""
import atexit
import io
import operator
import sys
import threading

BLOCK = 65536
MOST = sys.maxsize
GONE, FAILED, TIMED_OUT = range(3)  # why native_abort: the client has left, which is no error; the application failed; it took too long

# Of a request thread. request: what print and logging belong to; data: mod_wsgi.request_data(); thread: its number.
current = threading.local()


class RequestTimeout(BaseException):
    """Raised by C# in a thread whose request has run for too long. No Exception: who catches those does not mean this one."""

    __module__ = 'mod_wsgi'


class Input:
    """wsgi.input: the request's body, whether its length is known or not."""

    __module__ = 'mod_wsgi'

    def __init__(self, request):
        self._request = request
        self._held = None  # what was received for a line, and is more than the line
        self._ended = False

    def expire(self):
        """The request is over: the number by which it is known may be another's by now."""
        self._request = None

    def _take(self, size, fill):
        """The next bytes: all that were asked for unless the body ends before, or (without fill) what has come, but something."""
        if self._request is None:
            raise RuntimeError('wsgi.input was read after the end of its request')
        if self._ended:
            return b''
        block = native_read(self._request, size, fill)
        if not block or fill and len(block) < size:
            self._ended = True
        return block

    def read(self, size=-1):
        size = size_of(size)
        if self._held is None:
            return self._take(size, True) if size else b''
        start = self._held.read(size)
        if len(start) == size:
            return start
        self._held = None
        return start + self._take(size - len(start), True)

    def readline(self, size=-1):
        size = size_of(size)
        line = b'' if self._held is None else self._held.readline(size)
        return line if line.endswith(b'\n') or len(line) == size else self._whole_line(line, size)

    def _whole_line(self, start, size):
        parts, left = [start], size - len(start)
        while left and (block := self._take(BLOCK, False)):
            self._held = io.BytesIO(block)
            part = self._held.readline(left)
            parts.append(part)
            if part.endswith(b'\n'):
                break
            left -= len(part)
        return b''.join(parts)

    def readlines(self, hint=-1):
        if hint is None or hint <= 0:
            return list(self)
        lines, length = [], 0
        for line in self:
            lines.append(line)
            length += len(line)
            if length >= hint:
                break
        return lines

    def __iter__(self):
        while True:
            # As long as there are whole lines in what is held, it is read as C does.
            for line in self._held or ():
                yield line if line.endswith(b'\n') else self._whole_line(line, MOST)
            if not (line := self.readline()):
                return
            yield line


def checkpoint():
    """Called by C# in the middle of a read: an exception that waits for its thread is raised when a function is entered."""


def size_of(size):
    """How many bytes a caller wants: None or a negative number means all."""
    if type(size) is not int:
        size = -1 if size is None else operator.index(size)
    return size if 0 <= size < MOST else MOST


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
