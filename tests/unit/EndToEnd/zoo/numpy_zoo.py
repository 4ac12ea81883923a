"""numpy, which is made for one interpreter in a process."""
import hashlib
from urllib.parse import parse_qs

import numpy


def application(environ, start_response):
    name = environ['PATH_INFO'].rpartition('/')[2]
    start_response('200 OK', [('Content-Type', 'text/plain; charset=utf-8')])
    if name == 'page':
        # A product that the library spreads over threads of its own.
        square = numpy.arange(40_000.0).reshape(200, 200)
        assert numpy.allclose(square @ numpy.identity(200), square)
        return [b'<p>A page of numpy</p>']
    body = environ['wsgi.input'].read()
    if name == 'form':
        return [parse_qs(body.decode())['name'][0].encode()]
    if name == 'upload':
        return [b'%d %s' % (numpy.frombuffer(body, numpy.uint8).size, hashlib.sha256(body).hexdigest().encode())]
    return (b'%06d\n' % number for number in numpy.arange(1000))
