"""CherryPy: it answers 411 to a body that has neither a length nor a transfer coding."""
import hashlib
import os

import cherrypy
from cherrypy.lib.static import serve_file

HERE = os.path.dirname(os.path.abspath(__file__))


class Root:
    @cherrypy.expose
    def page(self):
        return '<p>A page of cherrypy</p>'

    @cherrypy.expose
    def form(self, name):
        return name

    @cherrypy.expose
    def upload(self):
        body = cherrypy.request.body.fp.read()
        return '%d %s' % (len(body), hashlib.sha256(body).hexdigest())

    @cherrypy.expose
    @cherrypy.config(**{'response.stream': True})
    def stream(self):
        return (b'%06d\n' % number for number in range(1000))

    @cherrypy.expose
    def files(self, name):
        return serve_file(os.path.join(HERE, 'files', name))


# An application of its own, not the process's tree: several may be in one interpreter.
application = cherrypy.Application(Root(), None, {'/': {'tools.encode.on': True}})
