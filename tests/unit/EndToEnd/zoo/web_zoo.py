"""web.py."""
import hashlib
import os

import web

HERE = os.path.dirname(os.path.abspath(__file__))


class Page:
    def GET(self):
        web.header('Content-Type', 'text/html; charset=utf-8')
        return '<p>A page of web</p>'


class Form:
    def POST(self):
        return web.input().name


class Upload:
    def POST(self):
        body = web.data()
        return '%d %s' % (len(body), hashlib.sha256(body).hexdigest())


class Stream:
    def GET(self):
        for number in range(1000):
            yield b'%06d\n' % number


class File:
    def GET(self, name):
        with open(os.path.join(HERE, 'files', name), 'rb') as file:
            while block := file.read(16384):
                yield block


urls = ('/page', 'Page', '/form', 'Form', '/upload', 'Upload', '/stream', 'Stream', '/files/(.+)', 'File')
# The names are looked up in this module.
application = web.application(urls, globals()).wsgifunc()
