"""Types a line and a tab into an interactive shell, on a terminal of its own, and waits until it shows what is wanted.

type_in_shell.py SETUP LINE WANTED SHELL [ARGUMENTS]     ends with 0 when it does, within 20 s; prints what it showed
"""
import os
import pty
import select
import sys
import time

setup, line, wanted, shell = sys.argv[1:5]
process, terminal = pty.fork()
if process == 0:
    os.environ.update(TERM="dumb", PS1="$ ", HISTFILE="/dev/null")
    os.execvp(shell, sys.argv[4:])


def is_shown(text):
    seen, end = "", time.monotonic() + 20
    while text not in seen and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                seen += os.read(terminal, 65536).decode(errors="replace").replace("\a", "")
            except OSError:
                break
    print(seen)
    return text in seen


# In two parts, so that the echo of the command is not taken for its output.
os.write(terminal, f"{setup}; echo RE''ADY\n".encode())
shown = is_shown("READY")
os.write(terminal, f"{line}\t".encode())
shown = shown and is_shown(wanted)
os.kill(process, 9)
os.waitpid(process, 0)
sys.exit(not shown)
