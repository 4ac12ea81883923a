#!/usr/bin/env python3
"""Records how real applications write: record.py FOLDER

Starts gunicorn and uvicorn with applications.py (Debian: python3-flask python3-django gunicorn python3-fastapi python3-uvicorn), reads each
response as the relay does, as soon as there is something, and writes FOLDER/NAME.txt: a line for each block, with the microseconds since
the head and the bytes of the body. The traces in tests/unit/Relay/Traces were made so.
"""
import os
import select
import socket
import subprocess
import sys
import time

BLOCKING = ["file-download", "django-template", "database-cursor", "image-generation", "compressed-archive", "jittery-upstream", "log-tail"]
ASYNCHRONOUS = ["server-sent-events", "grpc-frames", "chat-tokens", "json-lines", "drip"]


def record(path, name, folder):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    # HTTP/1.0: the body is not framed, so that what is read is what was written.
    connection.sendall(f"GET /{name} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
    head, start, lines = b"", None, []
    while True:
        select.select([connection], [], [])
        block = connection.recv(1 << 20)
        now = time.perf_counter_ns()
        if not block:
            break
        if start is None:
            head += block
            if b"\r\n\r\n" not in head:
                continue
            start, block = now, head.split(b"\r\n\r\n", 1)[1]
        if block:
            lines.append(f"{(now - start) // 1000} {len(block)}")
    assert head.startswith(b"HTTP/1.") and b" 200 " in head[:20], head[:200]
    with open(os.path.join(folder, name + ".txt"), "w") as file:
        file.write("\n".join(lines) + "\n")
    print(f"{name}: {len(lines)} blocks in {(now - start) / 1e9:.2f} s")


def serve(command, path, names, folder):
    here = os.path.dirname(os.path.abspath(__file__))
    server = subprocess.Popen(command, cwd=here)
    try:
        for _ in range(200):
            if os.path.exists(path):
                break
            time.sleep(0.1)
        time.sleep(0.5)
        for name in names:
            record(path, name, folder)
    finally:
        server.terminate()
        server.wait(20)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join("/tmp", f"traces-{os.getpid()}")
    serve([sys.executable, "-m", "gunicorn", "-b", f"unix:{path}.w", "applications:flask"], path + ".w", BLOCKING, folder)
    serve([sys.executable, "-m", "uvicorn", "--uds", path + ".a", "--log-level", "warning", "applications:asgi"], path + ".a", ASYNCHRONOUS, folder)


if __name__ == "__main__":
    main(sys.argv[1])
