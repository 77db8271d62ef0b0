"""What a process writes to its standard error, line by line, and waiting for a line of it."""

import re
import threading
import time


class Failed(Exception):
    pass


class ProcessLog:
    """Of one process at a time: `watch` begins anew with the next one."""

    def __init__(self, limit):
        self.limit = limit  # seconds; only a failure reaches it
        self.process, self.lines, self.reader = None, [], None
        self.changed = threading.Condition()

    def watch(self, process):
        """Reads its stderr, which is a pipe of text, from now on."""
        self.process, self.lines = process, []
        self.reader = threading.Thread(target=self.read, args=(process,), daemon=True)
        self.reader.start()

    def read(self, process):
        for line in process.stderr:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()

    def wait(self, pattern, after=0):
        """The first line from number `after` on that matches; gives (match, number of the next line)."""
        end = time.monotonic() + self.limit
        with self.changed:
            while True:
                for i, line in enumerate(self.lines[after:], after):
                    if m := re.search(pattern, line):
                        return m, i + 1
                left = end - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self.reader.is_alive()):
                    raise Failed(f"no line with {pattern!r}")
                self.changed.wait(min(left, 0.2))
