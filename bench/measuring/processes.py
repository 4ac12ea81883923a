"""What a server's processes have used: all of them, the first one's descendants too."""
import os

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


def mebibytes(processes):
    """Memory: each process's proportional share, so that what a master and its worker have in common counts once."""
    total = 0
    for process in processes:
        with open('/proc/%d/smaps_rollup' % process) as file:
            total += next(int(line.split()[1]) for line in file if line.startswith('Pss:'))
    return total / 1024
