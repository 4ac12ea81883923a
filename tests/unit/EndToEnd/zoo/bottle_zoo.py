"""Bottle."""
import hashlib
import os

from bottle import Bottle, request, static_file, template

HERE = os.path.dirname(os.path.abspath(__file__))
application = Bottle()


@application.get('/page')
def page():
    return template('<p>A page of {{name}}</p>', name='bottle')


@application.post('/form')
def form():
    return request.forms.getunicode('name')


@application.post('/upload')
def upload():
    # Bottle would take the chunks apart itself, which are no longer there: behind mod_wsgi and gunicorn, too, the body is read where it is.
    body = request.environ['wsgi.input'].read() if request.chunked else request.body.read()
    return '%d %s' % (len(body), hashlib.sha256(body).hexdigest())


@application.get('/stream')
def stream():
    for number in range(1000):
        yield b'%06d\n' % number


@application.get('/files/<name>')
def files(name):
    return static_file(name, root=os.path.join(HERE, 'files'))
