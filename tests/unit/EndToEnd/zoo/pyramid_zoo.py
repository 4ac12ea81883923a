"""Pyramid."""
import hashlib
import os

from pyramid.config import Configurator
from pyramid.response import FileResponse, Response
from pyramid.view import view_config

HERE = os.path.dirname(os.path.abspath(__file__))


@view_config(route_name='page')
def page(request):
    return Response('<p>A page of pyramid</p>')


@view_config(route_name='form')
def form(request):
    return Response(request.POST['name'])


@view_config(route_name='upload')
def upload(request):
    # WebOb reads a body without a length only where wsgi.input_terminated says that it ends; Request.body_file does not ask.
    body = request.environ['wsgi.input'].read()
    return Response('%d %s' % (len(body), hashlib.sha256(body).hexdigest()))


@view_config(route_name='stream')
def stream(request):
    return Response(app_iter=(b'%06d\n' % number for number in range(1000)))


@view_config(route_name='file')
def file(request):
    return FileResponse(os.path.join(HERE, 'files', request.matchdict['name']), request=request)


def main():
    config = Configurator()
    for name in ('page', 'form', 'upload', 'stream'):
        config.add_route(name, '/' + name)
    config.add_route('file', '/files/{name}')
    # It looks for the views in this module, which it finds by its name.
    config.scan(__name__)
    return config.make_wsgi_app()


application = main()
