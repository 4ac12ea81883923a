"""The servers that are compared: how each is started, with settings that its manual recommends for this work, one worker each."""
import os
import socket
import subprocess
import sys
import time

from measuring import clients, processes

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(BENCH)
HOST = os.path.join(ROOT, 'module', 'bin', 'host', 'daemonproxy')
FORWARDER = os.path.join(BENCH, 'plain-forwarder')

NGINX = '''
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid @FOLDER@/nginx.pid;
error_log @FOLDER@/error.log;
events { worker_connections 8192; }
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 300s;
    keepalive_requests 1000000000;
    client_max_body_size 0;
    client_body_temp_path @FOLDER@/body;
    proxy_temp_path @FOLDER@/proxy;
    fastcgi_temp_path @FOLDER@/fastcgi;
    uwsgi_temp_path @FOLDER@/uwsgi;
    scgi_temp_path @FOLDER@/scgi;
'''
UPSTREAM = NGINX + '''
    open_file_cache max=100;
    server {
        listen unix:@UPSTREAM@;
        listen 127.0.0.1:@PORT@;
        default_type application/octet-stream;
        root @FOLDER@/files;
        location = /hello { default_type text/plain; return 200 "Hello, world!"; }
    }
}
'''
NGINX_PROXY = NGINX + '''
    upstream backend { server unix:@UPSTREAM@; keepalive 64; keepalive_requests 1000000000; }
    server {
        listen 127.0.0.1:@PORT@;
        location / {
            proxy_pass http://backend;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffer_size 64k;
            proxy_buffers 8 64k;
            proxy_busy_buffers_size 128k;
            @BUFFERING@
        }
    }
}
'''
HAPROXY = '''
global
    nbthread 1
    maxconn 8192
defaults
    mode http
    http-reuse always
    option http-keep-alive
    timeout connect 10s
    timeout client 300s
    timeout server 300s
frontend clients
    bind 127.0.0.1:@PORT@
    default_backend upstream
backend upstream
    server upstream unix@@UPSTREAM@
'''
APACHE = '''
ServerRoot @FOLDER@
ServerName bench
PidFile apache.pid
DefaultRuntimeDir @FOLDER@
ErrorLog error.log
Listen 127.0.0.1:@PORT@
@IDENTITY@
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
StartServers 1
ServerLimit 1
ThreadLimit 64
ThreadsPerChild 64
MaxRequestWorkers 64
MinSpareThreads 1
MaxSpareThreads 64
AsyncRequestWorkerFactor 200
KeepAlive On
KeepAliveTimeout 300
MaxKeepAliveRequests 0
LimitRequestBody 0
'''
APACHE_PROXY = APACHE + '''
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
ProxyIOBufferSize 65536
ProxyPass "/" "unix:@UPSTREAM@|http://upstream/"
'''
DAEMONPROXY = '''
name: bench
listen: [ "http://127.0.0.1:@PORT@" ]
limit-request-body: 0
daemons:
  - { name: upstream, address: "unix:@UPSTREAM@" }
routes:
  - { path: /, daemon: upstream@LIMIT@ }
'''
# Apache drops root's rights itself, and refuses to go without.
IDENTITY = 'User www-data\nGroup www-data' if os.geteuid() == 0 else ''


class Server:
    """One row of the tables, and while it runs, its processes."""

    def __init__(self, name, title, command=(), configuration='', packages=(), **words):
        self.name, self.title, self.command, self.configuration, self.packages, self.words = name, title, command, configuration, packages, words
        self.port = self.process = self.folder = None

    def start(self, folder, upstream, path='/hello', port=None):
        """Starts it, waits for its first answer to the path, and gives the seconds that took."""
        self.folder = os.path.join(folder, self.name)
        os.makedirs(self.folder, exist_ok=True)
        self.port = port or free_port()
        if not self.command:
            self.port = upstream.port
            return 0
        words = {'FOLDER': self.folder, 'PORT': str(self.port), 'UPSTREAM': upstream if isinstance(upstream, str) else upstream.socket, 'IDENTITY': IDENTITY, **self.words}
        with open(os.path.join(self.folder, 'configuration'), 'w') as file:
            file.write(fill(self.configuration, words))
        environment = dict(os.environ, DAEMONPROXY_RUNTIME_DIR=os.path.join(self.folder, 'run'))
        begin = time.perf_counter()
        with open(os.path.join(self.folder, 'output'), 'w') as output:
            self.process = subprocess.Popen([fill(word, words) for word in self.command], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        clients.first_answer(self, path)
        return time.perf_counter() - begin

    def check(self):
        """Says what went wrong when it has ended by itself."""
        if self.process and self.process.poll() is not None:
            with open(os.path.join(self.folder, 'output')) as output:
                sys.exit('%s ended by itself:\n%s' % (self.title, output.read()))

    def processes(self):
        return processes.tree(self.process.pid) if self.process else []

    def stop(self):
        if not self.process:
            return
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


class Upstream(Server):
    """What all of them stand before: nginx with one worker, on a Unix socket, and on a port for the row without a proxy."""

    def __init__(self):
        super().__init__('upstream', 'the upstream', ('nginx', '-p', '@FOLDER@', '-c', '@FOLDER@/configuration'), UPSTREAM)

    def start(self, folder, sizes):
        self.socket = os.path.join(folder, 'upstream.sock')
        files = os.path.join(folder, self.name, 'files')
        os.makedirs(files)
        for name, size in sizes.items():
            with open(os.path.join(files, name), 'wb') as file:
                file.truncate(size)
        return super().start(folder, self.socket)


def rows():
    """The rows of the proxies' tables, in their order."""
    nginx = 'nginx', '-p', '@FOLDER@', '-c', '@FOLDER@/configuration'
    apache = 'apache2', '-f', '@FOLDER@/configuration', '-DFOREGROUND'
    daemonproxy = HOST, 'serve', '@FOLDER@/configuration'
    return [
        Server('direct', 'direct, no proxy'),
        Server('haproxy', 'HAProxy', ('haproxy', '-db', '-f', '@FOLDER@/configuration'), HAPROXY, ['haproxy']),
        Server('nginx', 'nginx, buffered', nginx, NGINX_PROXY, ['nginx'], BUFFERING=''),
        Server('nginx-unbuffered', 'nginx, unbuffered', nginx, NGINX_PROXY, ['nginx'], BUFFERING='proxy_buffering off; proxy_request_buffering off;'),
        Server('apache', 'Apache mod_proxy', apache, APACHE_PROXY, ['apache2']),
        Server('forwarder', 'Kestrel + HttpClient', (os.path.join(FORWARDER, 'bin', 'Release', 'net10.0', 'plain-forwarder'), '@PORT@', '@UPSTREAM@')),
        Server('daemonproxy', 'DaemonProxy', daemonproxy, DAEMONPROXY, LIMIT=''),
        Server('daemonproxy-limited', 'DaemonProxy, token-bucket that never binds', daemonproxy, DAEMONPROXY, LIMIT=', rate-limit: 100GiB/s, pacer: token-bucket'),
    ]


def build():
    """What the script itself has to build."""
    if not os.path.exists(HOST):
        sys.exit('there is no %s; run dotnet build -c Release first' % os.path.relpath(HOST))
    run = subprocess.run(['dotnet', 'build', FORWARDER, '-c', 'Release', '-nologo', '-v', 'q'], capture_output=True, text=True)
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
