"""Applications whose writing is worth a trace: each is a path, and writes as such applications do in the field."""
import os
import sqlite3
import struct
import tempfile
import threading
import time
import zlib

import django
from django.conf import settings
from django.http import StreamingHttpResponse
from django.template import Context, Engine
from flask import Flask, Response, send_file, stream_with_context

FOLDER = tempfile.mkdtemp()
settings.configure()
django.setup()
flask = Flask(__name__)


@flask.get("/file-download")
def file_download():
    path = os.path.join(FOLDER, "file.bin")
    with open(path, "wb") as file:
        file.write(os.urandom(6 << 20))
    return send_file(path)


@flask.get("/django-template")
def django_template():
    """A report of 3,000 rows, rendered in pieces of 25."""
    template = Engine().from_string(
        "{% for row in rows %}<tr><td>{{ row.0 }}</td><td>{{ row.1|title }}</td><td>{{ row.2|floatformat:2 }}</td></tr>\n{% endfor %}")
    pieces = (template.render(Context({"rows": [(i, f"name of {i}", i / 7) for i in range(first, first + 25)]}))
              for first in range(0, 3000, 25))
    return Response(StreamingHttpResponse(pieces).streaming_content)


@flask.get("/database-cursor")
def database_cursor():
    """A query over 60,000 rows as CSV, 20 rows at a time as the cursor gives them."""
    path = os.path.join(FOLDER, "rows.db")
    if not os.path.exists(path):
        with sqlite3.connect(path) as made:
            made.execute("create table sale (id integer primary key, customer text, amount real, note text)")
            made.executemany("insert into sale (customer, amount, note) values (?, ?, ?)",
                             ((f"customer {i % 977}", i * 1.25, "n" * (i % 40)) for i in range(60_000)))

    def rows():
        with sqlite3.connect(path) as database:
            cursor = database.execute("select *, (select max(amount) from sale s where s.id between sale.id and sale.id + 900) from sale where id % 8 = 0")
            while batch := cursor.fetchmany(20):
                yield "".join(",".join(map(str, row)) + "\n" for row in batch)
    return Response(stream_with_context(rows()))


@flask.get("/image-generation")
def image_generation():
    """Four pictures, each drawn for a while and then written in bands."""
    def pictures():
        for frame in range(4):
            width, height, bands = 480, 240, []
            for y in range(height):
                row = bytearray()
                for x in range(width):
                    c, z, n = complex(x / 200 - 1.7, y / 120 - 1), 0j, 0
                    while abs(z) < 2 and n < 6 + frame:
                        z, n = z * z + c, n + 1
                    row += struct.pack("BBB", n * 20 % 256, os.urandom(1)[0], n * 40 % 256)
                bands.append(bytes(row))
            packer = zlib.compressobj(6)
            for first in range(0, height, 20):
                yield packer.compress(b"".join(bands[first:first + 20])) + packer.flush(zlib.Z_SYNC_FLUSH)
    return Response(pictures())


@flask.get("/compressed-archive")
def compressed_archive():
    """20 MB compressed while it is sent."""
    def blocks():
        packer = zlib.compressobj(6)
        text = b"".join(b"line %d of a log that nobody reads, %d\n" % (i, i * 7919) for i in range(8_000))
        for _ in range(40):
            if block := packer.compress(text):
                yield block
        yield packer.flush()
    return Response(blocks())


@flask.get("/jittery-upstream")
def jittery_upstream():
    """Passes on what another server sends over a connection whose delay varies by up to 12 ms."""
    def blocks():
        random = 1
        for _ in range(400):
            random = random * 1103515245 + 12345 & 0x7FFFFFFF
            time.sleep(random / 0x7FFFFFFF * 0.012)
            yield b"j" * 16384
    return Response(blocks())


@flask.get("/log-tail")
def log_tail():
    """Follows a log to which a burst of lines is written now and then."""
    path = os.path.join(FOLDER, "app.log")
    open(path, "wb").close()

    def write():
        with open(path, "ab", buffering=0) as log:
            for burst in range(14):
                for line in range(burst % 5 + 1):
                    log.write(b"2026-11-26 12:00:00 INFO request %d.%d handled in 12 ms, status 200\n" % (burst, line))
                    time.sleep(0.0015)
                time.sleep(0.2 + burst % 3 * 0.15)
            log.write(b"end\n")

    def lines():
        threading.Thread(target=write).start()
        with open(path, "rb") as log:
            while True:
                line = log.readline()
                if line == b"end\n":
                    return
                if line:
                    yield line
                else:
                    time.sleep(0.01)
    return Response(lines())


async def pieces(path):
    import asyncio
    match path:
        case "/server-sent-events":
            for i in range(25):
                yield b"event: price\ndata: {\"symbol\": \"ABC\", \"price\": %d}\n\n" % i
                await asyncio.sleep(0.05 + i % 5 * 0.06)
        case "/grpc-frames":
            for i in range(300):
                yield struct.pack(">BI", 0, 1200 + i % 7 * 400) + b"m" * (1200 + i % 7 * 400)
                await asyncio.sleep(0.010)
        case "/chat-tokens":
            for i in range(120):
                yield b"token%d " % i
                await asyncio.sleep(0.018 + i % 4 * 0.012)
        case "/json-lines":
            for i in range(3000):
                yield b'{"id": %d, "name": "item %d", "tags": ["a", "b"], "text": "%s"}\n' % (i, i, b"x" * 200)
                if i % 10 == 9:
                    await asyncio.sleep(0.001)
        case _:
            for i in range(60):
                yield b"." * 100
                await asyncio.sleep(0.05)


async def asgi(scope, receive, send):
    """The asynchronous ones: under uvicorn, with FastAPI's own streaming response."""
    from fastapi.responses import StreamingResponse
    if scope["type"] == "http":
        await StreamingResponse(pieces(scope["path"]))(scope, receive, send)
