"""Loading an application: a script by its path, or module:callable. Run in the namespace of wsgi_adapter.py, after it."""
import importlib
import importlib.machinery
import importlib.util
import itertools
import os
import time

try:
    # hashlib's would load OpenSSL, some 4 MiB, into every worker.
    from _md5 import md5
except ImportError:
    from hashlib import md5


def script_name(path):
    """The module name of a script: mod_wsgi's, so that what was pickled there is found here. It is made of the whole path."""
    return '_mod_wsgi_' + md5(os.fsencode(path), usedforsecurity=False).hexdigest()


def load_script(path):
    """Runs a script as a module, whatever its file is called. One that fails leaves no module behind; one that is loaded again is a new one."""
    name = script_name(path)
    # No path finder would look for it, but whoever asks a module where it is from, or for its source, gets an answer.
    spec = importlib.util.spec_from_file_location(name, path, loader=importlib.machinery.SourceFileLoader(name, path))
    module = importlib.util.module_from_spec(spec)
    with open(path, 'rb') as file:
        source = file.read()
    code = compile(source, path, 'exec', dont_inherit=True)
    # It can be found while it runs already: dataclasses, pickle and Django's ROOT_URLCONF = __name__ look it up there.
    sys.modules[name] = module
    try:
        exec(code, vars(module))
    except BaseException:
        if sys.modules.get(name) is module:
            del sys.modules[name]
        raise
    return module


class Application:
    """
    An application by its script's path, or as module:callable. It is loaded when it is first needed, and again when that failed or when its script
    is another by now.
    """

    def __init__(self, target, name, reloads):
        self._target = target
        self._name = name
        self._reloads = reloads and os.path.isabs(target)
        self._lock = threading.Lock()
        self._module = self._callable = self._stamp = None

    def load(self):
        seen = self._callable
        if seen is None or self._reloads and self._is_stale():
            with self._lock:
                if self._callable is None or self._callable is seen:  # else another thread has loaded it meanwhile
                    self._callable = None
                    self._stamp = self._stat()
                    self._callable = self._find()
        return self._callable

    def _is_stale(self):
        return self._stamp != self._stat() or self._wants_reload()

    def _stat(self):
        if not self._reloads:
            return None
        status = os.stat(self._target)
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _wants_reload(self):
        """A script may have a say, as in mod_wsgi: reload_required(path). One that raises has said no, or it would be loaded each time."""
        asked = getattr(self._module, 'reload_required', None)
        try:
            return asked is not None and bool(asked(self._target))
        except Exception:
            native_log(getattr(current, 'request', 0), 1, traceback.format_exc())
            return False

    def try_load(self):
        """What kept it from being loaded, or None."""
        try:
            self.load()
        except BaseException:
            return load_failure(self._target)

    def _find(self):
        self._module = None
        start = time.monotonic()
        if os.path.isabs(self._target):
            kind, module = 'script', load_script(self._target)
        else:
            name, _, callable_name = self._target.partition(':')
            self._name = callable_name or self._name
            kind, module = 'module', importlib.import_module(name)
        try:
            found = vars(module)[self._name]
        except KeyError:
            raise LookupError('%s has no callable named %r' % (self._target, self._name)) from None
        if not callable(found):
            raise TypeError('%r in %s is not callable' % (self._name, self._target))
        self._module = module
        taken = time.monotonic() - start
        native_log(getattr(current, 'request', 0), 0, "Loading WSGI %s '%s' took %.3f s in process %d" % (kind, self._target, taken, os.getpid()))
        return found

    def run(self):
        """Serves requests until there are no more; on each of the request threads."""
        ident = threading.get_ident()
        current.thread = next(THREADS)
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
                environ['mod_wsgi.callable_object'] = self._name
                serve(application, request, environ)
            except RequestTimeout:
                pass  # it came in the moment in which the request ended; native_next sees to what is left of it


THREADS = itertools.count(1)
