"""Answers as the query says: which blocks, given how, with or without a length. Byte i of a body is i % 251."""
import io
from urllib.parse import parse_qs

PATTERN = bytes(range(251)) * 4178  # over 1 MiB


def blocks_of(text):
    """'0,5,3*100': an empty block, one of five bytes, three of a hundred."""
    sizes = []
    for part in text.split(','):
        count, _, size = part.rpartition('*')
        sizes += [int(size)] * int(count or 1)
    position = 0
    for size in sizes:
        block = b''
        while len(block) < size:
            start = (position + len(block)) % 251
            block += PATTERN[start:start + min(size - len(block), 1 << 20)]
        position += size
        yield block


def application(environ, start_response):
    query = {name: values[0] for name, values in parse_qs(environ['QUERY_STRING']).items()}
    blocks = list(blocks_of(query['blocks']))
    headers = [('Content-Type', 'application/octet-stream')]
    if query['length'] == 'declared':
        headers.append(('Content-Length', str(sum(map(len, blocks)))))
    write = start_response(query.get('status', '200 OK'), headers)
    how = query['how']
    if how == 'file':
        return environ['wsgi.file_wrapper'](io.BytesIO(b''.join(blocks)), max(1, len(blocks[0])))
    if how == 'write':
        for block in blocks:
            write(block)
        return []
    if how == 'mixed':
        half = len(blocks) // 2
        for block in blocks[:half]:
            write(block)
        return blocks[half:]
    if how == 'generator':
        return iter(blocks)
    return blocks
