"""Each server's configuration, with the settings that its manual recommends for this work, one worker each. Words between @ are filled in."""
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
        listen unix:@SOCKET@;
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
    maxconn 6000
    tune.pipesize 1048576
defaults
    mode http
    http-reuse always
    option http-keep-alive
    @SPLICE@
    timeout connect 10s
    timeout client 300s
    timeout server 300s
frontend clients
    bind 127.0.0.1:@PORT@
    @LIMIT@
    default_backend upstream
backend upstream
    server upstream unix@@UPSTREAM@
'''
# An upload of 1 MiB stays in memory, where it would otherwise go through a file.
NGINX_BODIES = 'client_body_buffer_size 1m;'
# More than any answer is sent at.
BANDWIDTH_LIMIT = 'filter bwlim-out limit default-limit 1g default-period 10ms\n    http-response set-bandwidth-limit limit'
NGINX_UWSGI = NGINX + '''
    server {
        listen 127.0.0.1:@PORT@;
        location / {
            uwsgi_pass unix:@UPSTREAM@;
            uwsgi_buffer_size 64k;
            uwsgi_buffers 8 64k;
            uwsgi_busy_buffers_size 128k;
            @BODIES@
            uwsgi_param QUERY_STRING $query_string;
            uwsgi_param REQUEST_METHOD $request_method;
            uwsgi_param CONTENT_TYPE $content_type;
            uwsgi_param CONTENT_LENGTH $content_length;
            uwsgi_param REQUEST_URI $request_uri;
            uwsgi_param PATH_INFO $document_uri;
            uwsgi_param SERVER_PROTOCOL $server_protocol;
            uwsgi_param REQUEST_SCHEME $scheme;
            uwsgi_param REMOTE_ADDR $remote_addr;
            uwsgi_param REMOTE_PORT $remote_port;
            uwsgi_param SERVER_PORT $server_port;
            uwsgi_param SERVER_NAME $server_name;
        }
    }
}
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
ThreadsPerChild @THREADS@
MaxRequestWorkers @THREADS@
MinSpareThreads 1
MaxSpareThreads @THREADS@
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
APACHE_WSGI = APACHE + '''
LoadModule wsgi_module /usr/lib/apache2/modules/mod_wsgi.so
WSGISocketPrefix @FOLDER@/wsgi
WSGIScriptAlias / @FOLDER@/hello.py
WSGIApplicationGroup %{GLOBAL}
@MODE@
<Directory "@FOLDER@">
    Require all granted
</Directory>
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
DAEMONPROXY_WSGI = '''
name: bench
listen: [ "http://127.0.0.1:@PORT@" ]
@MODE@
'''
# What answers every row of WSGI: the same few bytes, 100 KiB in one block, or how it took an upload.
APPLICATION = '''
LARGE = b'x' * 102400


def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/100k':
        start_response('200 OK', [('Content-Type', 'application/octet-stream'), ('Content-Length', '102400')])
        return [LARGE]
    if path == '/upload' and len(environ['wsgi.input'].read()) != int(environ['CONTENT_LENGTH']):
        start_response('500 Broken Upload', [('Content-Type', 'text/plain'), ('Content-Length', '0')])
        return []
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '13')])
    return [b'Hello, world!']
'''
