"""Answers a victim with its own token, and keeps count of requests that no route leads to and of clients that are not who they are."""
import json
import threading

lock = threading.Lock()
seen = {'requests': 0, 'unrouted': [], 'forged': []}


def answer(method, path, headers):
    """headers: a function from a lower-case name to a value, or None."""
    client = headers('x-forwarded-for')
    with lock:
        if path == '/count':
            return json.dumps(seen).encode()
        seen['requests'] += 1
        if not path.startswith(('/v/', '/a', '/b')) or path.startswith('/smuggled'):
            seen['unrouted'].append(method + ' ' + path)
        if client != '127.0.0.1':
            seen['forged'].append('%s %s %s' % (method, path, client))
    return ('%s %s' % (path, headers('x-token'))).encode()


def application(environ, start_response):
    environ['wsgi.input'].read()
    body = answer(environ['REQUEST_METHOD'], environ['PATH_INFO'], lambda name: environ.get('HTTP_' + name.upper().replace('-', '_')))
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]


async def asgi(scope, receive, send):
    if scope['type'] != 'http':
        return
    while (await receive()).get('more_body'):
        pass
    fields = {name.decode('latin-1').lower(): value.decode('latin-1') for name, value in scope['headers']}
    body = answer(scope['method'], scope['path'], fields.get)
    await send({'type': 'http.response.start', 'status': 200, 'headers': [(b'content-length', str(len(body)).encode())]})
    await send({'type': 'http.response.body', 'body': body})
