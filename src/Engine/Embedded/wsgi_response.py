"""start_response and write: what an application answers, checked and passed on. Run in the namespace of wsgi_adapter.py.

What is wrong with a status or a header is said in mod_wsgi's words, which people search for.
"""
# Content-Length, and what is of the connection, so for the server to set (RFC 9110, section 7.6.1).
OURS = frozenset((
    b'content-length', b'connection', b'keep-alive', b'proxy-authenticate', b'proxy-authorization', b'te', b'trailer', b'trailers',
    b'transfer-encoding', b'upgrade'))
TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TEXT = bytes(byte for byte in range(256) if byte >= 32 and byte != 127 or byte == 9)
MOST_REMEMBERED = 512
DROPPED = set()
NAMES, STATUSES = {}, {}


def status_of(status):
    """Checks what start_response got; gives the number and the reason phrase."""
    line = latin1(status)
    code, space, reason = line[:3], line[3:4], line[4:]
    if len(code) != 3 or not code.isdigit() or space.isdigit():
        raise ValueError('status code must be a 3 digit integer: %r' % line)
    if space not in (b'', b' '):
        raise ValueError('no space following status code: %r' % line)
    if reason.translate(None, TEXT):
        raise ValueError('control character in status reason phrase: %r' % line)
    if not b'200' <= code <= b'599':
        raise ValueError('status code must be from 200 to 599: %r' % line)
    return remembered(STATUSES, status, (int(code), reason))


def headers_of(headers):
    """Checks what start_response got; gives names and values by turns, without Content-Length, and that; None where there is none."""
    flat, length = [], None
    for header in headers:
        if not isinstance(header, tuple):
            raise TypeError('each header must be a 2-tuple, not %s' % type(header).__name__)
        if len(header) != 2:
            raise ValueError('each header must be a 2-tuple, got length %d' % len(header))
        text, value = header
        name = NAMES.get(text) if isinstance(text, str) else None
        if name is None:
            name = name_of(text)
        value = value.encode() if isinstance(value, str) and value.isascii() and value.isprintable() else value_of(value)
        if name in OURS:
            length = ours(text, value, length)
        else:
            flat += name, value
    return tuple(flat), length


def name_of(text):
    name = latin1(text)
    if not name:
        raise ValueError('header name is empty')
    if wrong := name.translate(None, TOKEN):
        is_control = min(wrong) < 32 or 127 in wrong
        what = 'control character' if is_control else 'space character' if 32 in wrong else 'character that none may hold'
        raise ValueError('%s in header name: %r' % (what, name))
    lower = name.lower()
    return remembered(NAMES, text, lower if lower in OURS else name)


def value_of(text):
    value = latin1(text)
    if wrong := value.translate(None, TEXT):
        # A line end would end the header and begin another.
        what = 'carriage return/line feed' if 10 in wrong or 13 in wrong else 'control'
        raise ValueError('%s character in header value: %r' % (what, value))
    return value


def ours(name, value, length):
    """A header that goes no further as it is: Content-Length, the value of which it gives, or one of the connection."""
    lower = name.lower()
    if lower == 'content-length':
        if not value.isdigit():
            raise ValueError('Content-Length must be a number: %r' % value)
        if length is not None and length != int(value):
            raise ValueError('Content-Length is given twice: %d and %r' % (length, value))
        return int(value)
    if lower not in DROPPED:
        # Said once for each, or it would fill the log.
        DROPPED.add(lower)
        native_log(
            getattr(current, 'request', 0), 0, 'the application set the header %s, which belongs to the connection and is the server\'s to set; '
            'it is dropped, and so are later ones, without a line' % name)
    return length


def remembered(known, text, value):
    """What was checked once need not be again; what an application makes up each time must not fill the memory."""
    if len(known) < MOST_REMEMBERED:
        known[text] = value
    return value


def latin1(text):
    if not isinstance(text, str):
        raise TypeError('must be str, not %s' % type(text).__name__)
    return text.encode('latin-1')


class Response:
    def __init__(self, request, method):
        self._request = request
        self._is_head = method == 'HEAD'
        self.status = None
        self._reason = b''
        self._headers = ()
        self._length = None
        self._has_body = True
        self.sent = False
        self._left = None

    def expire(self):
        """The request is over: the number by which it is known may be another's by now."""
        self._request = None

    def start(self, status, headers, exc_info=None):
        """start_response. One that raises has not been called: the application may call it again."""
        if self._request is None:
            raise RuntimeError('start_response() called after request completed')
        if not isinstance(headers, list):
            raise TypeError('start_response() argument 2 must be list, not %s' % type(headers).__name__)
        if exc_info is not None and (not isinstance(exc_info, tuple) or len(exc_info) != 3):
            raise RuntimeError("start_response() argument 'exc_info' must be a 3-tuple or None")
        if self.sent:
            try:
                if exc_info is None or exc_info[1] is None:
                    raise RuntimeError('start_response() called more than once without exc_info')
                raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # no circle of frame and traceback
        # Like mod_wsgi, and unlike PEP 3333, it lets a second call without exc_info replace the first one as long as nothing has been sent.
        code, reason = isinstance(status, str) and STATUSES.get(status) or status_of(status)
        self._headers, self._length = headers_of(headers)
        self.status, self._reason = code, reason
        self._has_body = code not in (204, 304)
        return self.write

    def _send_head(self):
        if self.status is None:
            raise AssertionError('the application sent its body before it called start_response')
        self.sent = True
        self._left = self._length
        native_start(self._request, self.status, self._reason, self._headers, -1 if self._length is None else self._length)

    def write(self, block):
        """The callable that start_response returns; what is yielded goes this way too."""
        if not isinstance(block, bytes):
            raise TypeError('the body must be bytes, not %s' % type(block).__name__)
        if not block:
            return
        if self._request is None:
            raise RuntimeError('write() called after request completed')
        if not self.sent:
            self._send_head()
        if self._is_head or not self._has_body:
            return
        if self._left is not None:
            if len(block) > self._left:
                block = block[:self._left]  # what is over would be read as the next response
            self._left -= len(block)
            if not block:
                return
        native_write(self._request, block)

    def answer(self, block):
        """Sends the head and the whole body in one."""
        self.sent = True
        self._left = 0
        native_answer(self._request, self.status, self._reason, self._headers, block)

    def send(self, result):
        is_one_block = type(result) in (list, tuple) and len(result) == 1 and isinstance(result[0], bytes)
        if is_one_block and not self.sent and self._has_body:
            block = result[0]
            if self._length is None:
                self._length = len(block)
            if self._length == len(block) and self.status is not None and not self._is_head:
                self.answer(block)
                return
        for block in result:
            self.write(block)
            if self._left == 0:
                break  # an endless generator behind a length ends here
        if not self.sent:
            if self._length is None and self._has_body and not self._is_head:
                self._length = 0
            self._send_head()
        if self._left and self._has_body and not self._is_head:
            native_abort(self._request, FAILED, 'the application declared %d bytes and sent %d' % (self._length, self._length - self._left))
            return
        native_end(self._request)
