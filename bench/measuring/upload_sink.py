"""What stands behind the proxies when they are uploaded to: takes a request's body, throws it away, and answers. Run as a program: SOCKET PORT."""
import os
import socket
import sys
import threading


def serve(connection):
    buffer = bytearray(1 << 20)
    pending = b''
    with connection:
        while True:
            while b'\r\n\r\n' not in pending:
                received = connection.recv(65536)
                if not received:
                    return
                pending += received
            head, _, pending = pending.partition(b'\r\n\r\n')
            fields = dict(line.lower().split(b':', 1) for line in head.split(b'\r\n')[1:])
            if b'transfer-encoding' in fields:
                pending = skip_chunks(connection, pending)
            else:
                left = int(fields.get(b'content-length', 0)) - len(pending)
                pending = b''
                while left > 0:
                    received = connection.recv_into(buffer, min(left, len(buffer)))
                    if not received:
                        return
                    left -= received
            connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!')


def skip_chunks(connection, pending):
    """Reads to the last chunk; gives what has come behind it."""
    stream = bytearray(pending)

    def need(count):
        while len(stream) < count:
            received = connection.recv(1 << 20)
            if not received:
                raise EOFError
            stream.extend(received)

    while True:
        while b'\r\n' not in stream:
            need(len(stream) + 1)
        line, _, _ = stream.partition(b'\r\n')
        size = int(line.split(b';')[0], 16)
        need(len(line) + 2 + size + 2)
        del stream[:len(line) + 2 + size + 2]
        if size == 0:
            return bytes(stream)


def listen(listener):
    listener.listen(64)
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


def main():
    local = socket.socket(socket.AF_UNIX)
    local.bind(sys.argv[1])
    # Proxies that drop their rights connect as somebody else.
    os.chmod(sys.argv[1], 0o666)
    threading.Thread(target=listen, args=(local,), daemon=True).start()
    listen(socket.create_server(('127.0.0.1', int(sys.argv[2]))))


if __name__ == '__main__':
    main()
