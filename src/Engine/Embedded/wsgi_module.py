"""The module that applications find as mod_wsgi: where they run, events of requests and of the process. Run in the namespace of wsgi_adapter.py.

What cannot be known here is absent (server_metrics, subscribe_signals), so that hasattr gives the right answer.
"""
import importlib.machinery
import itertools
import os
import time
import types

EVENT_CALLBACKS, SHUTDOWN_CALLBACKS, ACTIVE = [], [], {}
NUMBERS = itertools.count(1)
OBSERVED = False  # whether a request's events are wanted by anybody: until then they cost nothing


def observe():
    global OBSERVED
    OBSERVED = True


def publish(name, event, callbacks=EVENT_CALLBACKS):
    """Tells the subscribers, in their order. A dictionary that one of them returns is added to what the next are told."""
    for callback in callbacks[:]:
        try:
            more = callback(name, **event)
            if isinstance(more, dict):
                event.update(more)
        except RequestTimeout:
            raise
        except BaseException:
            native_log(getattr(current, 'request', 0), 1, traceback.format_exc())


class Observation:
    """A request whose events somebody wants: what they say of it, and the sums of what it read and wrote."""

    def __init__(self, environ):
        self.id = '%x-%x' % (os.getpid(), next(NUMBERS))
        self.data = request_data()
        self.input = self.output = None
        self._cpu = cpu_times(thread=True)
        # As in mod_wsgi, in embedded mode there is no queue and no daemon.
        self.times = {
            'request_start': environ['mod_wsgi.request_start'],
            'queue_start': environ['mod_wsgi.queue_start'] if MODULE.process_group else 0.0,
            'daemon_start': environ['mod_wsgi.daemon_start'] if MODULE.process_group else 0.0,
        }
        ACTIVE[self.id] = self.data

    def _event(self):
        return {
            'request_id': self.id, 'thread_id': current.thread, 'request_data': self.data,
            'server_pid': os.getppid() if MODULE.process_group else os.getpid(), **self.times,
        }

    def started(self, environ, application):
        """Gives the application to call: a subscriber may have put something around it."""
        self.times['application_start'] = time.time()
        RECORDER.begin(current.thread, self.times)
        event = self._event()
        event.update(request_environ=environ, application_object=application, callable_object=environ['mod_wsgi.callable_object'])
        publish('request_started', event)
        return event['application_object']

    def answered(self, status, headers, exc_info):
        publish('response_started', {
            'request_id': self.id, 'response_status': status, 'response_headers': headers, 'exception_info': exc_info,
            'request_data': self.data})

    def failed(self):
        publish('request_exception', {'request_id': self.id, 'exception_info': sys.exc_info(), 'request_data': self.data})

    def finished(self, status):
        self.times['application_finish'] = time.time()
        event = self._event()
        read, written = self.input, self.output
        event.update(
            application_time=event['application_finish'] - event['application_start'], status=status or 0,
            input_reads=read.count, input_length=read.length, input_time=read.seconds,
            output_writes=written.count, output_length=written.length, output_time=written.seconds)
        if self._cpu:
            user, system = (now - before for now, before in zip(cpu_times(thread=True), self._cpu))
            event.update(cpu_user_time=user, cpu_system_time=system, cpu_time=user + system)
        RECORDER.end(current.thread, event)
        publish('request_finished', event)
        del ACTIVE[self.id]


class ObservedInput(Input):
    def __init__(self, request, observation):
        super().__init__(request)
        observation.input = self
        self.count = self.length = self.seconds = 0

    def _take(self, size, fill):
        start = time.monotonic()
        try:
            block = super()._take(size, fill)
        finally:
            self.seconds += time.monotonic() - start
        self.count += 1
        self.length += len(block)
        return block


class ObservedResponse(Response):
    def __init__(self, request, method, observation):
        super().__init__(request, method)
        self._observation = observation
        observation.output = self
        self.count = self.length = self.seconds = 0

    def start(self, status, headers, exc_info=None):
        self._observation.answered(status, headers, exc_info)
        return super().start(status, headers, exc_info)

    def write(self, block):
        self._observe(super().write, block)

    def answer(self, block):
        self._observe(super().answer, block)

    def _observe(self, send, block):
        start = time.monotonic()
        try:
            send(block)
        finally:
            self.seconds += time.monotonic() - start
        self.count += 1
        self.length += len(block)


def subscribe_events(callback):
    """Has callback(name, **event) called at every event."""
    EVENT_CALLBACKS.append(callback)
    observe()
    return callback


def subscribe_shutdown(callback):
    """Has callback('process_stopping', **event) called when the process ends, before its threads are waited for."""
    SHUTDOWN_CALLBACKS.append(callback)
    return callback


def request_data():
    """The dictionary of the request that this thread serves, the same for the application and for all subscribers."""
    if not getattr(current, 'request', 0):
        raise RuntimeError('no active request for thread')
    if current.data is None:
        current.data = {}
    return current.data


def stopping():
    """Called once, by C#, while the interpreter is still whole."""
    event = {'shutdown_reason': 'shutdown_signal' if MODULE.process_group else ''}
    publish('process_stopping', event)
    publish('process_stopping', event, SHUTDOWN_CALLBACKS)


def found_later(name):
    """The module's __getattr__."""
    if name == 'active_requests':
        # Requests are listed from the moment on in which somebody looks at the list.
        observe()
        return ACTIVE
    if name == '__path__':
        # What is installed as mod_wsgi (by pip) is a package; a Django project may name mod_wsgi.server among its applications.
        spec = importlib.machinery.PathFinder.find_spec('mod_wsgi')
        if spec and spec.submodule_search_locations:
            return list(spec.submodule_search_locations)
    raise AttributeError("module 'mod_wsgi' has no attribute %r" % name)


def define_module(process_group, processes, threads):
    """Called by C#, before any application is loaded."""
    vars(MODULE).update(
        version=(6, 0, 2), process_group=process_group, application_group='', maximum_processes=processes, threads_per_process=threads,
        RequestTimeout=RequestTimeout, FileWrapper=FileWrapper, event_callbacks=EVENT_CALLBACKS, shutdown_callbacks=SHUTDOWN_CALLBACKS,
        __getattr__=found_later)
    for function in (subscribe_events, subscribe_shutdown, request_data, start_recording_metrics, request_metrics, process_metrics):
        function.__module__ = 'mod_wsgi'
        setattr(MODULE, function.__name__, function)
    sys.modules['mod_wsgi'] = MODULE
    ENVIRON['wsgi.multiprocess'] = processes > 1
    ENVIRON['mod_wsgi.process_group'] = process_group


MODULE = types.ModuleType('mod_wsgi', 'What an application can ask of the server that runs it, as mod_wsgi has it.')
MODULE.__spec__ = importlib.machinery.ModuleSpec('mod_wsgi', None)
