"""What an application makes of the module mod_wsgi; the answers are JSON."""
import json
import os
import threading

import mod_wsgi
import mod_wsgi.server

HERE = os.path.dirname(os.path.abspath(__file__))
events, failures, finished = [], [], []
mod_wsgi.start_recording_metrics()
active = mod_wsgi.active_requests


@mod_wsgi.subscribe_events
def told(name, **event):
    events.append(name)
    if name == 'request_started':
        assert event['callable_object'] == 'application' and event['request_environ']['REQUEST_METHOD']
        event['request_data']['seen'] = event['request_id']
        return {'application_object': lambda environ, start_response: application({**environ, 'zoo.wrapped': True}, start_response)}
    if name == 'response_started':
        assert event['response_status'].startswith('2') and event['exception_info'] is None
    if name == 'request_exception':
        failures.append(repr(event['exception_info'][1]))
    if name == 'request_finished':
        finished.append({key: value for key, value in event.items() if key != 'request_data'})


@mod_wsgi.subscribe_events
def told_too(name, **event):
    if name == 'request_started' and event['request_environ']['PATH_INFO'] == '/subscriber':
        raise ValueError('raised in a subscriber')


@mod_wsgi.subscribe_shutdown
def stopping(name, **event):
    with open(os.path.join(HERE, '%s-%s-%d' % (name, event['shutdown_reason'], os.getpid())), 'w') as file:
        file.write('no thread has been waited for')


def describe():
    return {
        'version': mod_wsgi.version, 'process_group': mod_wsgi.process_group, 'application_group': mod_wsgi.application_group,
        'maximum_processes': mod_wsgi.maximum_processes, 'threads_per_process': mod_wsgi.threads_per_process,
        'absent': [name for name in ('server_metrics', 'subscribe_signals', 'no_such_name') if not hasattr(mod_wsgi, name)],
        'timeout': '%s.%s' % (mod_wsgi.RequestTimeout.__module__, mod_wsgi.RequestTimeout.__name__), 'is_exception': issubclass(mod_wsgi.RequestTimeout, Exception), 'installed': mod_wsgi.server.installed,
    }


def outside():
    """What a thread that serves no request is told."""
    said = []

    def ask():
        try:
            mod_wsgi.request_data()
        except RuntimeError as error:
            said.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return said


def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/raise':
        raise ValueError('raised in the call')
    if path == '/interrupted':
        raise mod_wsgi.RequestTimeout()
    if path == '/loop':
        while True:
            pass
    body = environ['wsgi.input'].read()
    start_response('200 OK', [('Content-Type', 'application/json')])
    if path == '/upload':
        return [body]
    return [json.dumps({
        '/describe': describe, '/outside': outside,
        '/data': lambda: [mod_wsgi.request_data()['seen'] in active, environ['zoo.wrapped'], len(active)],
        '/events': lambda: {'events': events, 'failures': failures, 'finished': finished},
        '/requests': mod_wsgi.request_metrics, '/process': mod_wsgi.process_metrics,
    }.get(path, lambda: 'fine')()).encode()]
