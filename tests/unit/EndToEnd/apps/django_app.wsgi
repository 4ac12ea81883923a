"""A Django application of one file: a page, a form, a stream, an upload."""
import hashlib

from django.conf import settings

if not settings.configured:
    settings.configure(ROOT_URLCONF=__name__, SECRET_KEY='test', ALLOWED_HOSTS=['*'], DEBUG=False)

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path, reverse


def page(request):
    return HttpResponse('<h1>Django</h1> %s' % reverse(form))


def form(request):
    return HttpResponse('%s=%s' % (request.method, request.POST.get('name')))


def stream(request):
    return StreamingHttpResponse(b'%06d\n' % number for number in range(10000))


def upload(request):
    file = request.FILES['file']
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return HttpResponse('%s %d %s' % (file.name, file.size, digest.hexdigest()))


urlpatterns = [path('', page), path('form', form), path('stream', stream), path('upload', upload)]
application = get_wsgi_application()
