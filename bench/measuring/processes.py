"""What a server's processes have used: all of them, the first one's descendants too."""
import os
import re
import signal
import subprocess

TICK = 1 / os.sysconf('SC_CLK_TCK')


def stat(process):
    with open('/proc/%d/stat' % process) as file:
        return file.read().rpartition(')')[2].split()


def tree(root):
    parents = {}
    for name in os.listdir('/proc'):
        if name.isdigit():
            try:
                parents[int(name)] = int(stat(int(name))[1])
            except (FileNotFoundError, ProcessLookupError):
                pass
    found = [root]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found


def seconds(processes):
    """CPU seconds, user and system."""
    return sum(int(fields[11]) + int(fields[12]) for fields in map(stat, processes)) * TICK


class Instructions:
    """
    Counts the instructions that processes execute in user mode, by perf; they depend less on what else the machine does than seconds do. `count` is None where perf is missing
    or may not.
    """

    def __init__(self, processes):
        self.processes, self.perf, self.count = processes, None, None

    def __enter__(self):
        try:
            self.perf = subprocess.Popen(
                ['perf', 'stat', '-x', ';', '-e', 'instructions:u', '-p', ','.join(map(str, self.processes))], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        except OSError:
            pass
        return self

    def __exit__(self, *_):
        if self.perf is None:
            return
        self.perf.send_signal(signal.SIGINT)
        try:
            output = self.perf.communicate(timeout=10)[1]
        except subprocess.TimeoutExpired:
            self.perf.kill()
            self.perf.communicate()
            return
        found = re.search(r'^(\d+);', output, re.M)
        self.count = int(found[1]) if found else None


def mebibytes(processes):
    """
    Memory: what the first process has, and what its descendants have for themselves, so that what a worker shares with its master counts once.
    Not the proportional share: another .NET program on the machine would make that of the .NET rows smaller.
    """
    first, *others = processes
    return (kibibytes(first, ('Rss:',)) + sum(kibibytes(process, ('Private_Clean:', 'Private_Dirty:')) for process in others)) / 1024


def kibibytes(process, fields):
    with open('/proc/%d/smaps_rollup' % process) as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(fields))


def command(process):
    """Its command line; empty when it has ended."""
    with open('/proc/%d/cmdline' % process) as file:
        return file.read().split('\0')[:-1]
