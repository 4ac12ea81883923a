"""mod_wsgi.request_metrics and process_metrics, which monitoring agents read. Run in the namespace of wsgi_adapter.py.

Times are seconds, except where a name ends in _us. Waits for the interpreter lock are not measured, so their keys are absent.
"""
import math
import os
import threading
import time

try:
    import resource
except ImportError:  # Windows has neither
    resource = None

COUNTS = {'input_bytes': 'input_length', 'input_reads': 'input_reads', 'output_bytes': 'output_length', 'output_writes': 'output_writes'}
STATUSES_BY_CLASS = tuple('status_%dxx' % number for number in range(1, 6))
PHASES = ('server_time', 'queue_time', 'daemon_time', 'application_time', 'request_time', 'input_read_time', 'output_write_time')
BUCKETS = 65
PROCESS_START = time.time()


def bucket_of(seconds):
    """Four to an octave from 1 ms to 65,536 ms; what is shorter is in the first, what is longer in the last."""
    milliseconds = seconds * 1000
    if milliseconds < 1:
        return 0
    fraction, exponent = math.frexp(milliseconds)  # milliseconds = fraction * 2 ** exponent, fraction from 0.5
    return min(BUCKETS - 1, (exponent - 1) * 4 + int((fraction * 2 - 1) * 4))


def cpu_times(thread=False):
    """User and system time of the process or of this thread; None where the system does not tell."""
    who = getattr(resource, 'RUSAGE_THREAD' if thread else 'RUSAGE_SELF', None)
    if who is None:
        return None
    usage = resource.getrusage(who)
    return usage.ru_utime, usage.ru_stime


def memory():
    found = {}
    if resource:
        unit = 1 if sys.platform == 'darwin' else 1024
        found['memory_max_rss'] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    try:
        with open('/proc/self/statm', 'rb') as file:
            found['memory_rss'] = int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        pass
    return found


class Phase:
    def __init__(self):
        self.total = 0.0
        self.least = self.most = None
        self.buckets = [0] * BUCKETS

    def add(self, seconds):
        seconds = max(0.0, seconds)
        self.total += seconds
        self.least = seconds if self.least is None else min(self.least, seconds)
        self.most = seconds if self.most is None else max(self.most, seconds)
        self.buckets[bucket_of(seconds)] += 1


class Recorder:
    """Sums over the requests of a window, which request_metrics ends, and over those since the recording began."""

    def __init__(self):
        self._lock = threading.Lock()
        self.recording = False
        self.count, self.busy, self.per_thread = 0, 0.0, {}
        self._serving = {}  # since when a thread has been at its request, and since when in this window

    def start(self):
        with self._lock:
            if not self.recording:
                self.recording = True
                self._open(time.time())

    def _open(self, now):
        self._since, self._cpu = now, cpu_times()
        self._phases = {name: Phase() for name in PHASES}
        self._sums = dict.fromkeys((*COUNTS, *STATUSES_BY_CLASS), 0)
        self._completed, self._busy = {}, {}
        self._serving = {thread: (start, now) for thread, (start, _) in self._serving.items()}

    def begin(self, thread, times):
        if self.recording:
            with self._lock:
                self._serving[thread] = times['application_start'], times['application_start']

    def end(self, thread, event):
        if not self.recording:
            return
        now, status = time.time(), event['status']
        begin, called, finish = event['request_start'], event['application_start'], event['application_finish']
        phases = {
            'application_time': finish - called, 'request_time': now - begin,
            'input_read_time': event['input_time'], 'output_write_time': event['output_time']}
        if event['daemon_start']:
            queued, taken = event['queue_start'], event['daemon_start']
            phases.update(server_time=queued - begin, queue_time=taken - queued, daemon_time=called - taken)
        else:
            phases['server_time'] = called - begin
        with self._lock:
            start, since = self._serving.pop(thread, (now, now))
            self.count += 1
            self.busy += now - start
            self.per_thread[thread] = self.per_thread.get(thread, 0) + 1
            self._completed[thread] = self._completed.get(thread, 0) + 1
            self._busy[thread] = self._busy.get(thread, 0.0) + now - since
            for name, seconds in phases.items():
                self._phases[name].add(seconds)
            for name, key in COUNTS.items():
                self._sums[name] += event[key]
            self._sums['status_%dxx' % (status // 100 or 5)] += 1

    def process(self):
        with self._lock:
            now = time.time()
            busy = self.busy + sum(now - start for start, _ in self._serving.values())
            found = {
                'pid': os.getpid(), 'restart_time': PROCESS_START, 'current_time': now, 'running_time': int(now - PROCESS_START),
                'request_count': self.count, 'request_busy_time': busy, 'active_requests': len(self._serving),
                'request_threads': len(self.per_thread.keys() | self._serving.keys()),
                'threads': [{'thread_id': thread, 'request_count': count} for thread, count in sorted(self.per_thread.items())]}
        if cpu := cpu_times():
            found.update(cpu_user_time=cpu[0], cpu_system_time=cpu[1], cpu_time=sum(cpu))
        return {**found, **memory()}

    def window(self):
        with self._lock:
            now, most = time.time(), MODULE.threads_per_process
            period = max(now - self._since, 1e-6)
            count = sum(self._completed.values())
            threads = self._completed.keys() | self._serving.keys()
            busy = {thread: self._busy.get(thread, 0.0) for thread in threads}
            for thread, (_, since) in self._serving.items():
                busy[thread] += now - since
            found = {
                'pid': os.getpid(), 'start_time': self._since, 'stop_time': now, 'sample_period': period,
                'request_count': count, 'request_throughput': count / period, 'request_threads_maximum': most,
                'request_threads_started': len(self.per_thread.keys() | threads), 'request_threads_active': len(threads),
                'capacity_utilization': sum(busy.values()) / (period * most),
                'request_threads_completed': [self._completed.get(thread, 0) for thread in range(1, most + 1)],
                'request_threads_busy_time': [busy.get(thread, 0.0) for thread in range(1, most + 1)], **self._sums}
            for name, phase in self._phases.items():
                found[name] = phase.total / count if count else 0.0
                for end, seconds in (('_min_us', phase.least), ('_max_us', phase.most)):
                    found[name + end] = None if seconds is None else int(seconds * 1e6)
                found[name + '_buckets'] = phase.buckets
            if (cpu := cpu_times()) and self._cpu:
                user, system = ((after - before) / period for after, before in zip(cpu, self._cpu))
                found.update(cpu_user_utilization=user, cpu_system_utilization=system, cpu_utilization=user + system)
            self._open(now)
        return {**found, **memory()}


def start_recording_metrics():
    """Begins to record; until then there are no metrics."""
    RECORDER.start()
    observe()


def request_metrics():
    """What was served since the last call; None before start_recording_metrics."""
    return RECORDER.window() if RECORDER.recording else None


def process_metrics():
    """What was served since start_recording_metrics, and what the process uses; None before it."""
    return RECORDER.process() if RECORDER.recording else None


RECORDER = Recorder()
