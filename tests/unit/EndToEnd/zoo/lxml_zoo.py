"""lxml, with libxml2 and its threads' memory behind it."""
import hashlib
from urllib.parse import parse_qs

from lxml import etree, html


def application(environ, start_response):
    name = environ['PATH_INFO'].rpartition('/')[2]
    start_response('200 OK', [('Content-Type', 'text/html; charset=utf-8')])
    if name == 'page':
        return [html.tostring(html.fragment_fromstring('<p>A <!-- comment -->page of lxml</p>')).replace(b'<!-- comment -->', b'')]
    body = environ['wsgi.input'].read()
    if name == 'form':
        return [parse_qs(body.decode())['name'][0].encode()]
    if name == 'upload':
        return [b'%d %s' % (len(body), hashlib.sha256(body).hexdigest().encode())]
    root = etree.Element('numbers')
    for number in range(1000):
        etree.SubElement(root, 'number').text = '%06d\n' % number
    return (element.text.encode() for element in root)
