"""Falcon."""
import hashlib
import os

import falcon

HERE = os.path.dirname(os.path.abspath(__file__))


class Page:
    def on_get(self, request, response):
        response.content_type = falcon.MEDIA_HTML
        response.text = '<p>A page of falcon</p>'


class Form:
    def on_post(self, request, response):
        response.content_type = falcon.MEDIA_TEXT
        response.text = request.get_media()['name']


class Upload:
    def on_post(self, request, response):
        body = request.stream.read()
        response.text = '%d %s' % (len(body), hashlib.sha256(body).hexdigest())


class Stream:
    def on_get(self, request, response):
        response.stream = (b'%06d\n' % number for number in range(1000))


class File:
    def on_get(self, request, response, name):
        path = os.path.join(HERE, 'files', name)
        response.set_stream(open(path, 'rb'), os.stat(path).st_size)


application = falcon.App()
application.add_route('/page', Page())
application.add_route('/form', Form())
application.add_route('/upload', Upload())
application.add_route('/stream', Stream())
application.add_route('/files/{name}', File())
