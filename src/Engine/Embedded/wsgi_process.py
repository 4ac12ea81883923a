"""What a process looks like to the applications in it: standard streams, signals, and what becomes of a child after os.fork.

Run once for each interpreter, by PythonInterpreter, before wsgi_adapter.py and with the same globals.
"""
import _signal
import _socket
import atexit
import codecs
import importlib
import io
import os
import signal
import stat
import sys
import threading

PROCESS = os.getpid()
DEVICE = os.open(os.devnull, os.O_RDWR)  # takes the place of the host's descriptors in a child


class Late:
    """A module that is imported when it is first needed."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, attribute):
        return getattr(importlib.import_module(self._name), attribute)


# It brings 1.7 MiB of other modules, for each worker, and most workers never need it.
traceback = Late('traceback')


def is_child():
    """Whether this is a process that an application has forked: it has none of the host's threads, so nothing of C# may be called in it."""
    return os.getpid() != PROCESS


class LogBuffer(io.BufferedIOBase):
    """The binary writer under a log: UTF-8, what is not is shown as escapes."""

    def __init__(self, log):
        self._log = log
        self._decoders = threading.local()

    def writable(self):
        return True

    def write(self, data):
        with memoryview(data) as view:
            data = view.tobytes()
        decoder = getattr(self._decoders, 'own', None)
        if decoder is None:
            decoder = self._decoders.own = codecs.getincrementaldecoder('utf-8')('backslashreplace')
        self._log.write(decoder.decode(data))
        return len(data)

    def flush(self):
        self._log.flush()

    def close(self):
        self.flush()

    def fileno(self):
        return self._log.fileno()

    @property
    def name(self):
        return self._log.name

    @property
    def mode(self):
        return 'wb'

    @property
    def raw(self):
        return self


class Log(io.TextIOBase):
    """wsgi.errors, sys.stdout and sys.stderr: whole lines go to the event log, with the request that the thread is serving."""

    __module__ = 'mod_wsgi'

    encoding = 'utf-8'
    errors = 'backslashreplace'
    mode = 'w'
    newlines = None
    line_buffering = True
    write_through = False

    _lines = threading.local()  # one for all: what is printed and what is logged come in the order in which they were written

    def __init__(self, name):
        self.name = name
        self.buffer = LogBuffer(self)

    def writable(self):
        return True

    def isatty(self):
        return False

    def fileno(self):
        raise io.UnsupportedOperation('%s goes to the event log and has no file descriptor' % self.name)

    def close(self):
        """Others write to it as well, so it stays open."""
        self.flush()

    def reconfigure(self, **options):
        """For applications that want UTF-8, which it is."""

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError('write() argument must be str, not %s' % type(text).__name__)
        *lines, rest = (getattr(self._lines, 'rest', '') + text).split('\n')
        self._lines.rest = rest
        for line in lines:
            if line:
                self._put(line)
        return len(text)

    def flush(self):
        rest = getattr(self._lines, 'rest', '')
        self._lines.rest = ''
        if rest:
            self._put(rest)

    def _put(self, line):
        line = line.encode('utf-8', 'backslashreplace')
        if is_child():
            os.write(CHILD_OUTPUT, line + b'\n')
        else:
            native_log(getattr(current, 'request', 0), 0, line.decode())


# Signals belong to the host: it drains on SIGTERM, and Python's main thread never runs Python code that could handle one.

set_signal = signal.signal


def ignore_signal(signalnum, handler):
    """signal.signal, as WSGIRestrictSignal has it: a handler is taken and ignored, with one line that says where."""
    if is_child():
        return set_signal(signalnum, handler)
    try:
        name = signal.Signals(signalnum).name
    except ValueError:
        name = 'signal %r' % (signalnum,)
    caller = sys._getframe(1)
    LOG.flush()
    LOG.write('the handler for %s is ignored, because signals are for the server to handle: %s, line %d, in %s\n'
              % (name, caller.f_code.co_filename, caller.f_lineno, caller.f_code.co_name))
    return handler


# A child after fork. It has a copy of every descriptor and of every signal handler, but one thread. The host's handlers write to a pipe that the
# parent reads, so that a child's SIGTERM would end the parent; a copy of a listening socket holds the port, one of a connection keeps it open.

HOST_DESCRIPTORS = {}  # what was open before Python was: {descriptor: what it is}
FORK = threading.local()  # what the hook before a fork hands to those behind it


def descriptors():
    """The open descriptors above the standard ones."""
    folder = '/proc/self/fd' if os.path.isdir('/proc/self/fd') else '/dev/fd'
    return [fd for fd in map(int, os.listdir(folder)) if fd > 2]


def identity(descriptor):
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mode


def is_of_host(descriptor, addresses):
    """Whether it was open before Python was, or is a socket at one of the host's own addresses: listening there, accepted there, or connected to a daemon."""
    kind = identity(descriptor)
    if kind is None or descriptor in (DEVICE, CHILD_OUTPUT):
        return False
    if HOST_DESCRIPTORS.get(descriptor) == kind:
        return True
    if not stat.S_ISSOCK(kind[2]):
        return False
    try:
        socket = _socket.socket(fileno=descriptor)
    except OSError:
        return False
    try:
        return not addresses.isdisjoint(names_of(socket.getsockname, '')) or not addresses.isdisjoint(names_of(socket.getpeername, 'to '))
    finally:
        socket.detach()


def names_of(name, prefix):
    """A socket's name as the host writes its own: a port, or the folder of a path; what the host connects to has a `to ` before it."""
    try:
        address = name()
    except OSError:
        return ()
    if isinstance(address, tuple) and len(address) > 1:
        return (prefix + str(address[1]),)
    return (os.path.dirname(address),) if isinstance(address, str) and address else ()


def before_fork():
    if is_child():
        return
    FORK.addresses = frozenset(native_addresses().split('\n'))
    # A signal that came between fork and the hook below would reach the parent through the handlers' pipe.
    FORK.mask = _signal.pthread_sigmask(_signal.SIG_SETMASK, _signal.valid_signals())


def after_fork_in_parent():
    if not is_child():
        _signal.pthread_sigmask(_signal.SIG_SETMASK, FORK.mask)


def after_fork_in_child():
    if globals()['native_next'] is end_child:
        return  # a child's child: done already
    for number in _signal.valid_signals():
        # Broken pipes are errors to Python programs, not their end.
        if number not in (_signal.SIGKILL, _signal.SIGSTOP, _signal.SIGPIPE):
            try:
                _signal.signal(number, _signal.SIG_DFL)
            except (OSError, ValueError):
                pass  # the C library's own
    for descriptor in descriptors():
        if is_of_host(descriptor, FORK.addresses):
            # Not closed: a number that is free would be given to the child's next file.
            os.dup2(DEVICE, descriptor, inheritable=False)
    # The exit handlers so far are the parent's.
    atexit._clear()
    for name in [name for name in globals() if name.startswith('native_') and name != 'native_gone']:
        globals()[name] = end_child
    thread = threading.current_thread()
    if type(thread) is threading._DummyThread:
        # As CPython does from 3.12 on: before, threading._shutdown and with it every child of multiprocessing failed in it.
        thread.__class__ = threading._MainThread
        thread._name, thread._daemonic = 'MainThread', False
        getattr(thread, '_set_tstate_lock', lambda: None)()
    # A thread that ends as the last of its process has the C library run the host's exit handlers.
    thread._delete = end_child
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())


def end_child(*_):
    """Ends a child where it would come back to the host: its own exit handlers run, the host's shutdown does not."""
    kind, value, _ = sys.exc_info()
    code = 0
    try:
        if kind is not None and issubclass(kind, SystemExit):
            code = value.code if isinstance(value.code, int) else 0 if value.code is None else 1
            if code == 1 and value.code != 1:
                LOG.write('%s\n' % (value.code,))
        elif kind is not None:
            code = 1
            LOG.write(traceback.format_exc())
        atexit._run_exitfuncs()
        LOG.flush()
    finally:
        os._exit(code & 0xff)


def stay_in_child(function):
    """Wraps what the host calls: a child that was forked inside must not return to it."""
    def call(*arguments):
        try:
            result = function(*arguments)
        except BaseException:
            if is_child():
                end_child()
            raise
        if is_child():
            end_child()
        return result
    return call


def guard():
    """When all is defined."""
    Application.load = stay_in_child(Application.load)


# Mistakes in an application are its author's to read.

def load_failure(target):
    """Why an application cannot be loaded: a sentence, and the traceback as Python prints it, without the frames of the server."""
    kind, error, trace = sys.exc_info()
    while trace and '/' not in trace.tb_frame.f_code.co_filename.replace(os.sep, '/'):
        trace = trace.tb_next
    while trace and trace.tb_frame.f_code.co_filename == importlib.__file__:
        trace = trace.tb_next
    what = str(error).strip().split('\n')[0]
    lines = traceback.format_exception(kind, error, trace)
    return '%s cannot be loaded: %s%s; %s\n%s' % (target, kind.__name__, what and ': ' + what, advice(target, error, trace), ''.join(lines).rstrip())


def advice(target, error, trace):
    if isinstance(error, ModuleNotFoundError):
        return 'install it for %s, or name its folder in python-path' % sys.executable
    if isinstance(error, ImportError):
        return 'install what it needs for %s' % sys.executable
    if isinstance(error, SyntaxError):
        return 'correct line %s of %s' % (error.lineno, error.filename)
    if isinstance(error, OSError) and error.filename == target:
        return 'name a script that is there and can be read in application'
    if isinstance(error, (LookupError, TypeError)) and trace is None:
        return 'name the one that is meant in callable, for example callable: app'
    if isinstance(error, SystemExit):
        return 'it ended itself; an application must not call sys.exit while it is loaded'
    return 'correct the application'


LOG = Log('<stderr>')
sys.stdout, sys.stderr = Log('<stdout>'), LOG
# Before any application can ask: the front end's own standard input is not for it.
sys.stdin = open(os.devnull, encoding='utf-8')
sys.argv = ['']
signal.signal = ignore_signal
if hasattr(os, 'register_at_fork'):
    HOST_DESCRIPTORS.update((fd, identity(fd)) for fd in HOST_OPEN)
    os.register_at_fork(before=before_fork, after_in_parent=after_fork_in_parent, after_in_child=after_fork_in_child)
