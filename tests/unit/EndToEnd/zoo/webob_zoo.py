"""WebOb."""
import hashlib
import os

from webob import Response
from webob.dec import wsgify
from webob.static import DirectoryApp, FileApp

HERE = os.path.dirname(os.path.abspath(__file__))
directory = DirectoryApp(os.path.join(HERE, 'files'))


@wsgify
def application(request):
    name = request.path_info_pop()
    if name == 'page':
        return Response('<p>A page of webob</p>')
    if name == 'form':
        return Response(request.POST['name'])
    if name == 'upload':
        body = request.body
        return Response('%d %s' % (len(body), hashlib.sha256(body).hexdigest()))
    if name == 'stream':
        return Response(app_iter=(b'%06d\n' % number for number in range(1000)))
    if name == 'files':
        return directory
    return FileApp(os.path.join(HERE, 'files', request.path_info_peek()))
