"""Django in one file, as its documentation has it: the script is the URL configuration."""
import hashlib
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.template import engines
from django.urls import path

HERE = os.path.dirname(os.path.abspath(__file__))

# Settings are the process's: of several scripts in one interpreter the first has them.
if not settings.configured:
    settings.configure(
        ROOT_URLCONF=__name__, SECRET_KEY='zoo', ALLOWED_HOSTS=['*'], DEBUG=False, DATA_UPLOAD_MAX_MEMORY_SIZE=None,
        TEMPLATES=[{'BACKEND': 'django.template.backends.django.DjangoTemplates', 'DIRS': [os.path.join(HERE, 'templates')]}])


def page(request):
    return HttpResponse(engines['django'].get_template('page.html').render({'name': 'django'}))


def form(request):
    return HttpResponse(request.POST['name'])


def upload(request):
    # A body without a length is none to Django; a view has to read it where it is.
    body = request.body if 'CONTENT_LENGTH' in request.environ else request.environ['wsgi.input'].read()
    return HttpResponse('%d %s' % (len(body), hashlib.sha256(body).hexdigest()))


def stream(request):
    return StreamingHttpResponse(b'%06d\n' % number for number in range(1000))


def send(request, name):
    return FileResponse(open(os.path.join(HERE, 'files', name), 'rb'))


def send_blocks(request, name):
    size = os.stat(os.path.join(HERE, 'files', name)).st_size

    def blocks():
        with open(os.path.join(HERE, 'files', name), 'rb') as file:
            while block := file.read(8192):
                yield block

    response = StreamingHttpResponse(blocks())
    if 'length' in request.GET:
        response['Content-Length'] = str(size)
    return response


urlpatterns = [path('page', page), path('form', form), path('upload', upload), path('stream', stream), path('files/<name>', send), path('send/<name>', send_blocks)]
application = get_wsgi_application()
