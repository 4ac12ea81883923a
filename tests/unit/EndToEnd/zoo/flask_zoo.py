"""Flask: a template and static files beside the script, which it finds by __name__."""
import hashlib
import os

from flask import Flask, Response, render_template, request, send_file

application = Flask(__name__, static_folder='files', static_url_path='/files')


@application.get('/page')
def page():
    return render_template('page.html', name='flask')


@application.post('/form')
def form():
    return request.form['name']


@application.post('/upload')
def upload():
    body = request.get_data()
    return '%d %s' % (len(body), hashlib.sha256(body).hexdigest())


@application.get('/stream')
def stream():
    return Response(b'%06d\n' % number for number in range(1000))


@application.get('/send/<name>')
def send(name):
    return send_file(os.path.join(application.root_path, 'files', name))
