"""What an application finds in its process, and what it does to it: children, signals, standard streams, text."""
import atexit
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from urllib.parse import parse_qs

HERE = os.path.dirname(os.path.abspath(__file__))
PREVIOUS = signal.signal(signal.SIGTERM, lambda *_: None)
fork = multiprocessing.get_context('fork')


@atexit.register
def goodbye():
    open(os.path.join(HERE, 'goodbye-%d' % os.getpid()), 'w').close()


def square(number):
    print('squaring', number)
    return number * number


def in_fork(what):
    """Forks, does it in the child; gives the child's exit status as os.waitpid has it, and what the child wrote to `say`."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        what(lambda value: os.write(writing, json.dumps(value).encode()))
        return None
    os.close(writing)
    with open(reading, 'rb') as pipe:
        said = pipe.read()
    return {'pid': child, 'status': os.waitpid(child, 0)[1], 'said': json.loads(said) if said else None}


def state(say):
    status = dict(line.split(':\t', 1) for line in open('/proc/self/status').read().splitlines() if ':\t' in line)
    links = {}
    for number in os.listdir('/proc/self/fd'):
        try:
            links[number] = os.readlink('/proc/self/fd/' + number)
        except OSError:
            pass
    say({'caught': int(status['SigCgt'], 16), 'blocked': int(status['SigBlk'], 16), 'links': links})
    os._exit(0)


def take_signal(say):
    seen = []
    signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
    os.kill(os.getpid(), signal.SIGUSR1)
    say(seen == [signal.SIGUSR1])
    os._exit(0)


def print_in_process():
    threading.current_thread()  # makes a thread that is not of Python's making known to it, which confused children before 3.12
    process = fork.Process(target=square, args=(3,))
    process.start()
    process.join(20)
    return process.exitcode


def terminate_process():
    process = fork.Process(target=time.sleep, args=(60,))
    process.start()
    process.terminate()
    process.join(20)
    return process.exitcode


def pool(kind):
    with kind.Pool(2) as workers:
        return workers.map(abs, range(-4, 1))


def sleeper(daemonised):
    """A child that outlives the request, and where it is daemonised, the process."""
    reading, writing = os.pipe()
    first = os.fork()
    if first == 0:
        if daemonised:
            os.setsid()
            if os.fork() != 0:
                os._exit(0)
        os.write(writing, b'%d' % os.getpid())
        os.close(writing)
        time.sleep(60)
        os._exit(0)
    os.close(writing)
    pid = int(os.read(reading, 20))
    os.close(reading)
    if daemonised:
        os.waitpid(first, 0)
    return pid


def inherited():
    """What a program that is executed while Python closes nothing has open, as ls lists it."""
    return subprocess.run(['ls', '-l', '/proc/self/fd'], close_fds=False, stdout=subprocess.PIPE, timeout=20).stdout.decode()


def fork_in_thread():
    result = []

    def run():
        child = os.fork()
        if child:
            result.append(os.waitpid(child, 0)[1])

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    return result


def streams():
    answer = {}
    for name in ('stdout', 'stderr'):
        stream = getattr(sys, name)
        stream.buffer.write('%s as bytes: grüße \n'.encode() % name.encode())
        stream.buffer.write(b'no text: \xff\n')
        stream.writelines(['%s ' % name, 'in lines\n'])
        stream.close()
        try:
            stream.fileno()
        except (OSError, ValueError) as error:
            answer[name + '.fileno'] = type(error).__name__
        answer[name] = [stream.encoding, stream.errors, stream.isatty(), stream.closed, stream.name, stream.writable(), stream.readable(), stream.mode]
    print('alone \udc80')
    answer['stdin'] = sys.stdin.read()
    answer['descriptor 0'] = os.read(0, 1).decode()
    return answer


def text():
    path = os.path.join(HERE, 'grüße-%d.txt' % os.getpid())
    with open(path, 'w') as file:
        file.write('grüße 日本')
    with open(path, 'rb') as file:
        data = file.read()
    os.remove(path)
    return [data.decode('utf-8'), sys.getfilesystemencoding(), sys.flags.utf8_mode, 'LC_ALL' in os.environ and os.environ['LC_ALL']]


def forge():
    for code in ('DPXY0018', 'DPXY0019'):
        line = b'\n\x1e{"Code":"%s","Text":"forged","Method":null,"Path":null}\n' % code.encode()
        os.write(1, line)
        os.write(2, line)
        print(line.decode())
        subprocess.run([sys.executable, '-c', 'import os; os.write(1, %r)' % line])
    return os.getpid()


ANSWERS = {
    'pid': lambda query: os.getpid(),
    'signal': lambda query: [callable(PREVIOUS), callable(signal.signal(signal.SIGINT, goodbye))],
    'state': lambda query: in_fork(state),
    'take-signal': lambda query: in_fork(take_signal),
    'quit': lambda query: in_fork(lambda say: os._exit(3)),
    'exit': lambda query: in_fork(lambda say: sys.exit(4)),
    'exit-text': lambda query: in_fork(lambda say: sys.exit('farewell of a child')),
    'raise': lambda query: in_fork(lambda say: 1 // 0),
    'return': lambda query: in_fork(lambda say: None),
    'terminate': lambda query: terminate_process(),
    'process': lambda query: print_in_process(),
    'pool': lambda query: pool(fork),
    'subprocess': lambda query: subprocess.run(['sh', '-c', 'cat; echo done'], stdout=subprocess.PIPE, timeout=20).stdout.decode(),
    'preexec': lambda query: subprocess.run(['true'], preexec_fn=lambda: None, timeout=20).returncode,
    'system': lambda query: os.system('exit 5'),
    'sleeper': lambda query: sleeper(False),
    'daemonised': lambda query: sleeper(True),
    'inherited': lambda query: inherited(),
    'thread': lambda query: fork_in_thread(),
    'streams': lambda query: streams(),
    'text': lambda query: text(),
    'forge': lambda query: forge(),
    'environ': lambda query: [key for key in QUERY.environ if 'DAEMONPROXY' in key.upper()],
}
QUERY = threading.local()


def application(environ, start_response):
    QUERY.environ = environ
    answer = ANSWERS[environ['PATH_INFO'].strip('/')](parse_qs(environ['QUERY_STRING']))
    start_response('200 OK', [('Content-Type', 'application/json')])
    return [json.dumps(answer).encode()]
