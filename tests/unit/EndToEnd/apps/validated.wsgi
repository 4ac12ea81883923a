"""An application under wsgiref's validator, which asserts that both sides keep to PEP 3333."""
from wsgiref.validate import validator


def plain(environ, start_response):
    body = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
    write = start_response('200 OK', [('Content-Type', 'text/plain'), ('X-Length', str(len(body)))])
    environ['wsgi.errors'].write('seen\n')
    environ['wsgi.errors'].flush()
    if environ['PATH_INFO'].endswith('/write'):
        write(b'written ')
    return iter([b'validated ', environ['REQUEST_METHOD'].encode()])


application = validator(plain)
