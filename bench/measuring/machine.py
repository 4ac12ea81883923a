"""The machine: what it is, whether it is quiet, and what has to be installed on it."""
import os
import platform
import re
import resource
import shutil
import subprocess
import sys

# What each Debian package is recognised by.
PACKAGES = {
    'uwsgi': 'uwsgi', 'uwsgi-plugin-python3': '/usr/lib/uwsgi/plugins/python3_plugin.so', 'redis-server': 'redis-server',
    'nginx': 'nginx', 'haproxy': os.environ.get('HAPROXY', 'haproxy'), 'apache2': 'apache2', 'libapache2-mod-wsgi-py3': '/usr/lib/apache2/modules/mod_wsgi.so', 'gunicorn': 'gunicorn', 'wrk': 'wrk',
}
# Servers are in sbin, which is not on everybody's PATH.
os.environ['PATH'] += ':/usr/sbin:/sbin'


def missing_of(packages):
    return [name for name in packages if not (os.path.exists(PACKAGES[name]) if '/' in PACKAGES[name] else shutil.which(PACKAGES[name]))]


def install(packages, needed):
    """Installs those that are missing, as far as it may; without those that are needed it ends."""
    missing = missing_of(packages)
    if not missing:
        return
    command = ['apt-get', 'install', '--yes', '--no-install-recommends', *missing]
    if os.geteuid() != 0:
        command[:0] = ['sudo', '-n']
    print('installing', *missing, file=sys.stderr)
    if shutil.which(command[0]):
        subprocess.run(command, stdout=sys.stderr, env=dict(os.environ, DEBIAN_FRONTEND='noninteractive'))
    missing = missing_of(needed)
    if missing:
        sys.exit('missing: %s; install them (apt-get install %s as root)' % (', '.join(missing), ' '.join(missing)))


def allow_files(count):
    """Raises the number of open files, here and in what is started from here, so that thousands of connections fit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= count:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(hard, count)))
    except (ValueError, PermissionError):
        sys.exit('ulimit -n is %d and may not be raised; %d open files are needed' % (hard, count))


def load():
    """The load average of the last minute; a machine that does something else measures that."""
    average = os.getloadavg()[0]
    if average > 0.5:
        print('warning: the load average is %.2f; something else is running, and these figures measure it as well' % average, file=sys.stderr)
    return average


def first(pattern, *command):
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(pattern, run.stdout + run.stderr)
    return found[1] if found else None


def describe():
    """One line: processor, kernel, versions."""
    with open('/proc/cpuinfo') as file:
        model = re.search(r'model name\s*:\s*(.*)', file.read())
    programs = {
        'nginx': first(r'nginx/(\S+)', 'nginx', '-v'), 'HAProxy': first(r'version (\S+?)[\s-]', 'haproxy', '-v'), 'Apache': first(r'Apache/(\S+)', 'apache2', '-v'),
        'mod_wsgi': first(r'Version: (\S+?)[\s-]', 'dpkg', '-s', 'libapache2-mod-wsgi-py3'), 'uWSGI': first(r'^(\d\S+)', 'uwsgi', '--version'), 'gunicorn': first(r'version ([^\s)]+)', 'gunicorn', '--version'),
        'wrk': first(r'wrk (?:debian/)?(\S+?)[\s-]', 'wrk', '-v'), 'Python': platform.python_version(),
        '.NET': first(r'Microsoft.AspNetCore.App (10\S+)', 'dotnet', '--list-runtimes'),
    }
    versions = ', '.join('%s %s' % item for item in programs.items() if item[1])
    return '%s, %d processors, Linux %s; %s' % (model[1] if model else platform.machine(), os.cpu_count(), platform.release(), versions)
