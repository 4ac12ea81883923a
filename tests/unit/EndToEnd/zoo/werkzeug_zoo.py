"""Werkzeug."""
import hashlib
import os

from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.wrappers import Request, Response

HERE = os.path.dirname(os.path.abspath(__file__))


@Request.application
def pages(request):
    if request.path == '/page':
        return Response('<p>A page of werkzeug</p>', mimetype='text/html')
    if request.path == '/form':
        return Response(request.form['name'])
    if request.path == '/upload':
        body = request.get_data()
        return Response('%d %s' % (len(body), hashlib.sha256(body).hexdigest()))
    return Response(b'%06d\n' % number for number in range(1000))


application = SharedDataMiddleware(pages, {'/files': os.path.join(HERE, 'files')})
