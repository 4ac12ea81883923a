"""What a process may do: each parameter of the query is an action and its path; the answer says what came of it."""
import json
import os
import socket
from urllib.parse import parse_qsl


def connect(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)


def write(path):
    with open(path, 'w') as file:
        file.write('written')


def replace(path):
    """Puts a link to path in place of each socket in the folder that this process was given for its own."""
    folder = os.environ['SOCKET_FOLDER']
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))
        os.symlink(path, os.path.join(folder, name))


ACTIONS = {'connect': connect, 'list': os.listdir, 'read': lambda path: open(path).close(), 'write': write, 'remove': os.unlink,
           'replace': replace, 'become': lambda user: os.setuid(int(user)), 'trace': lambda pid: open(f'/proc/{pid}/mem', 'rb').close()}


def application(environ, start_response):
    done = {'uid': str(os.getuid()), 'groups': ' '.join(map(str, sorted(os.getgroups()))), 'home': os.environ.get('HOME', ''),
            'name': os.environ.get('USER', '')}
    for action, path in parse_qsl(environ['QUERY_STRING']):
        try:
            ACTIONS[action](path)
            done[action] = 'done'
        except OSError as failure:
            done[action] = type(failure).__name__
    start_response('200 OK', [('Content-Type', 'application/json')])
    return [json.dumps(done).encode()]
