"""Runs a command in a shell on a terminal of its own, and presses Ctrl+C once the terminal shows what is wanted.

serve_on_terminal.py FOLDER COMMAND WANTED     prints what the terminal showed, to the end; ends with 0 when what was wanted came within 50 s
"""
import os
import pty
import select
import sys
import time

folder, command, wanted = sys.argv[1:]
process, terminal = pty.fork()
if process == 0:
    os.chdir(folder)
    os.environ["DAEMONPROXY_RUNTIME_DIR"] = os.path.join(folder, "run")
    os.execvp("sh", ["sh", "-c", "exec " + command])

seen, asked, end = "", False, time.monotonic() + 50
while time.monotonic() < end:
    if select.select([terminal], [], [], 0.1)[0]:
        try:
            seen += os.read(terminal, 65536).decode(errors="replace")
        except OSError:
            break
    if wanted in seen and not asked:
        os.write(terminal, b"\x03")
        asked = True
else:
    os.kill(process, 9)
os.waitpid(process, 0)
print(seen.replace("\r\n", "\n"))
sys.exit(not asked)
