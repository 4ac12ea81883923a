"""A Flask application of one file: a page, a form, a stream, an upload."""
import hashlib

from flask import Flask, Response, request, url_for

application = Flask('flask_app')


@application.route('/')
def page():
    return '<h1>Flask</h1> ' + url_for('form')


@application.route('/form', methods=['GET', 'POST'])
def form():
    return '%s=%s' % (request.method, request.form.get('name'))


@application.route('/stream')
def stream():
    return Response(b'%06d\n' % number for number in range(10000))


@application.route('/upload', methods=['POST'])
def upload():
    file = request.files['file']
    content = file.read()
    return '%s %d %s' % (file.filename, len(content), hashlib.sha256(content).hexdigest())
