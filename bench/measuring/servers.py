"""The servers that are compared: how each is started and ended."""
import os
import socket
import subprocess
import sys
import time

from measuring import clients, machine, processes
from measuring.configurations import (
    APACHE_PROXY, APACHE_WSGI, APPLICATION, BANDWIDTH_LIMIT, DAEMONPROXY, DAEMONPROXY_WSGI, HAPROXY, NGINX_BODIES, NGINX_PROXY, NGINX_UWSGI, UPSTREAM)

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(BENCH)
BUILT = os.path.join(ROOT, 'artifacts', 'bench')
PLATFORM = 'linux-arm64' if os.uname().machine == 'aarch64' else 'linux-x64'
# The native host, as the package has it, and what a developer runs: compiled while it serves.
HOST = os.path.join(BUILT, 'DaemonProxy', 'bin', 'host', PLATFORM, 'daemonproxy')
JIT_HOST = os.path.join(BUILT, 'host', 'daemonproxy')
FORWARDER = os.path.join(BENCH, 'plain-forwarder')

# A version with bwlim-out, 2.7 or later, can be named here where the system's has none.
HAPROXY_PROGRAM = os.environ.get('HAPROXY', 'haproxy')
NGINX_COMMAND = 'nginx', '-p', '@FOLDER@', '-c', '@FOLDER@/configuration'
APACHE_COMMAND = 'apache2', '-f', '@FOLDER@/configuration', '-DFOREGROUND'
DAEMONPROXY_COMMAND = HOST, 'serve', '@FOLDER@/configuration'
# Apache drops root's rights itself, and refuses to go without.
IDENTITY = 'User www-data\nGroup www-data' if os.geteuid() == 0 else ''


class Server:
    """One row of the tables, and while it runs, its processes."""

    # Says why the row has to be left out on this machine; None: it need not.
    unavailable = staticmethod(lambda: None)

    # Why it did not start; None: it did.
    failure = None

    def __init__(self, name, title, command=(), configuration='', packages=(), application=None, **words):
        self.name, self.title, self.command, self.configuration, self.packages, self.application, self.words = name, title, command, configuration, packages, application, words
        self.port = self.process = self.folder = self.socket = None

    def start(self, folder, upstream=None, answer=clients.first_answer):
        """Starts it, waits for its first answer, and gives the seconds that took."""
        if self.application:
            self.application.start(folder)
            upstream = self.application
        if not self.command:
            self.port = upstream.port
            return 0
        self.folder = os.path.join(folder, self.name)
        os.makedirs(self.folder, exist_ok=True)
        self.port = free_port()
        # An address may be 108 bytes long, so a server's own is near the root.
        self.socket = os.path.join(folder, self.name + '.sock')
        words = {'FOLDER': self.folder, 'PORT': str(self.port), 'SOCKET': self.socket, 'UPSTREAM': upstream.socket if upstream else '', 'IDENTITY': IDENTITY, **self.words}
        for name, content in (('configuration', fill(self.configuration, words)), ('hello.py', APPLICATION)):
            with open(os.path.join(self.folder, name), 'w') as file:
                file.write(content)
        environment = dict(os.environ, DAEMONPROXY_RUNTIME_DIR=os.path.join(self.folder, 'run'))
        begin = time.perf_counter()
        with open(os.path.join(self.folder, 'output'), 'w') as output:
            self.process = subprocess.Popen([fill(word, words) for word in self.command], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        answer(self, '/hello')
        return time.perf_counter() - begin

    def check(self):
        """Says what went wrong when it has ended by itself."""
        if self.process and self.process.poll() is not None:
            with open(os.path.join(self.folder, 'output')) as output:
                raise clients.Failed('%s ended by itself: %s' % (self.title, output.read().strip() or 'no output'))

    def processes(self):
        """All of its processes, those of the application behind it too."""
        return (processes.tree(self.process.pid) if self.process else []) + (self.application.processes() if self.application else [])

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        if self.application:
            self.application.stop()


def files(folder, sizes):
    """The files that the upstream serves."""
    folder = os.path.join(folder, 'upstream', 'files')
    os.makedirs(folder)
    for name, size in sizes.items():
        with open(os.path.join(folder, name), 'wb') as file:
            file.truncate(size)


def upstream():
    """What all proxies stand before: nginx with one worker, on a Unix socket, and on a port for the row without a proxy."""
    return Server('upstream', 'the upstream', NGINX_COMMAND, UPSTREAM)


def sink():
    """The same for uploads: nginx would answer before it has read them."""
    return Server('sink', 'the upstream of uploads', (sys.executable, os.path.join(BENCH, 'measuring', 'upload_sink.py'), '@SOCKET@', '@PORT@'))


def proxies():
    """The rows of the proxies' tables, in their order."""
    haproxy = HAPROXY_PROGRAM, '-db', '-f', '@FOLDER@/configuration'
    limited = Server('haproxy-limited', 'HAProxy, bwlim-out that never binds', haproxy, HAPROXY, ['haproxy'], SPLICE='', LIMIT=BANDWIDTH_LIMIT)
    limited.unavailable = without_bandwidth_limits
    return [
        Server('direct', 'direct, no proxy'),
        Server('haproxy', 'HAProxy', haproxy, HAPROXY, ['haproxy'], SPLICE='', LIMIT=''),
        Server('haproxy-splice', 'HAProxy, splicing', haproxy, HAPROXY, ['haproxy'], SPLICE='option splice-request\n    option splice-response', LIMIT=''),
        Server('nginx', 'nginx, buffered', NGINX_COMMAND, NGINX_PROXY, ['nginx'], BUFFERING=''),
        Server('nginx-unbuffered', 'nginx, unbuffered', NGINX_COMMAND, NGINX_PROXY, ['nginx'], BUFFERING='proxy_buffering off; proxy_request_buffering off;'),
        Server('apache', 'Apache mod_proxy', APACHE_COMMAND, APACHE_PROXY, ['apache2'], THREADS='64'),
        Server('forwarder', 'Kestrel + HttpClient', (os.path.join(FORWARDER, 'bin', 'Release', 'net10.0', 'plain-forwarder'), '@PORT@', '@UPSTREAM@')),
        limited,
        Server('daemonproxy', 'DaemonProxy', DAEMONPROXY_COMMAND, DAEMONPROXY, LIMIT=''),
        Server('daemonproxy-jit', 'DaemonProxy, JIT', (JIT_HOST, *DAEMONPROXY_COMMAND[1:]), DAEMONPROXY, LIMIT=''),
        Server('daemonproxy-limited', 'DaemonProxy, token-bucket that never binds', DAEMONPROXY_COMMAND, DAEMONPROXY, LIMIT=', rate-limit: 100GiB/s, pacer: token-bucket'),
    ]


def wsgi():
    """The rows of the tables of WSGI servers: 2 processes with 15 threads each, or embedded. Apache needs a thread for each busy connection, or it closes some."""
    gunicorn = Server('gunicorn', 'gunicorn', (
        'gunicorn', '--bind', '127.0.0.1:@PORT@', '--bind', 'unix:@SOCKET@', '--umask', '0', '--worker-class', 'gthread', '--workers', '2', '--threads', '15', '--keep-alive', '300',
        '--log-level', 'error', 'hello:application'))
    uwsgi = Server('uwsgi-server', 'uWSGI', (
        'uwsgi', '--plugins', 'python3', '--socket', '@SOCKET@', '--chmod-socket=666', '--http-socket', '127.0.0.1:@PORT@', '--wsgi-file', 'hello.py', '--need-app', '--master',
        '--die-on-term', '--processes', '2', '--threads', '15', '--disable-logging'))
    apache, host = ['apache2', 'libapache2-mod-wsgi-py3'], DAEMONPROXY_COMMAND
    return [
        Server('mod-wsgi', 'mod_wsgi, daemon mode', APACHE_COMMAND, APACHE_WSGI, apache, THREADS='64',
               MODE='WSGIRestrictEmbedded On\nWSGIDaemonProcess hello processes=2 threads=15\nWSGIProcessGroup hello'),
        Server('mod-wsgi-embedded', 'mod_wsgi, embedded', APACHE_COMMAND, APACHE_WSGI, apache, THREADS='40', MODE=''),
        Server('gunicorn', 'gunicorn behind nginx', NGINX_COMMAND, NGINX_PROXY, ['nginx', 'gunicorn'], gunicorn, BUFFERING=NGINX_BODIES),
        Server('uwsgi', 'uWSGI behind nginx', NGINX_COMMAND, NGINX_UWSGI, ['nginx', 'uwsgi', 'uwsgi-plugin-python3'], uwsgi, BODIES=NGINX_BODIES),
        Server('wsgi', 'DaemonProxy, daemon mode', host, DAEMONPROXY_WSGI,
               MODE='daemons:\n  - { name: hello, application: hello.py, processes: 2, threads: 15 }\nroutes:\n  - { path: /, daemon: hello }'),
        Server('wsgi-embedded', 'DaemonProxy, embedded', host, DAEMONPROXY_WSGI, MODE='routes:\n  - { path: /, application: hello.py }'),
    ]


def without_bandwidth_limits():
    """Why HAProxy cannot limit a response's rate here; None: it can."""
    version = machine.first(r'version (\d+\.\d+)', HAPROXY_PROGRAM, '-v')
    if version is None:
        return 'there is no HAProxy'
    if tuple(map(int, version.split('.'))) < (2, 7):
        return 'HAProxy %s has no bwlim-out; HAPROXY=FILE names a program of 2.7 or later' % version
    return None


def recovery():
    """The rows of the table of killed workers: one process, so that nobody else answers in the meantime."""
    mode = 'daemons:\n  - { name: hello, application: hello.py }\nroutes:\n  - { path: /, daemon: hello }'
    return [
        Server('wsgi-recovery', 'DaemonProxy', DAEMONPROXY_COMMAND, DAEMONPROXY_WSGI, MODE=mode),
        Server('wsgi-recovery-jit', 'DaemonProxy, JIT', (JIT_HOST, *DAEMONPROXY_COMMAND[1:]), DAEMONPROXY_WSGI, MODE=mode),
    ]


def build():
    """Builds what is measured: a debug build that a test run left in its place would be measured without a word."""
    quiet = '-c', 'Release', '-nologo', '-v', 'q'
    native = ['build', os.path.join(ROOT, 'tools', 'Package'), '-t:StageHosts', '-nologo', '-v', 'q', '-p:HostPlatforms=' + PLATFORM, '-p:PackageDirectory=%s/' % BUILT]
    jit = ['publish', os.path.join(ROOT, 'src', 'Host'), *quiet, '--use-current-runtime', '--self-contained', 'false', '-p:PublishReadyToRun=true',
            '--artifacts-path', os.path.join(BUILT, 'build'), '-p:ModuleDirectory=%s/' % os.path.join(BUILT, 'module'), '-o', os.path.dirname(JIT_HOST)]
    for command in (native, jit, ['build', FORWARDER, *quiet]):
        run = subprocess.run(['dotnet', *command], capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(run.stdout + run.stderr)


def fill(text, words):
    for word, value in words.items():
        text = text.replace('@%s@' % word, value)
    return text


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]
