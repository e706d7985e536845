"""Starting, watching and stopping programs by pid, without sleeps."""

import ctypes
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import threading
import time

# Descriptors from 3 on, LISTEN_PID and so on, as sd_listen_fds(3) wants them; needs a process of its own.
_activation = """
import fcntl, os, sys
numbers = [fcntl.fcntl(int(n), fcntl.F_DUPFD, 200) for n in sys.argv[1].split(",")]
for i, number in enumerate(numbers):
    os.dup2(number, 3 + i)
os.closerange(3 + len(numbers), 1024)
os.environ.update(LISTEN_FDS=str(len(numbers)), LISTEN_FDNAMES=sys.argv[2], LISTEN_PID=str(os.getpid()))
os.execvp(sys.argv[3], sys.argv[3:])
"""


def die_with_parent():
    """PR_SET_PDEATHSIG: a test runner that is killed leaves nothing running."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)


def wait_until(condition, timeout=20, what="condition"):
    """For what cannot be read from a pipe or socket. Gives the first true value of condition()."""
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        pause.wait(0.01)


def alive(pid):
    """Whether the process runs; one that has ended and waits for its parent does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):  # the second: it ended between open and read
        return False


class Program:
    """A running program. stdout and stderr go line by line to NAME.log and to wait_line().

    sockets: {name: listening socket} handed over by the protocol of sd_listen_fds(3).
    env: added to the environment; a value of None removes the variable.
    input: True to keep a pipe on stdin (self.stdin). limits: {"RLIMIT_NOFILE": (soft, hard)}
    """

    def __init__(self, name, command, directory, env=None, sockets=None, cwd=None, input=False, limits=None):
        self.name = name
        # OpenSSH 9.2 sleeps on when the signal comes between its look at it and poll(2): it is told again.
        self._signals = 3 if "ssh" in map(str, command) else 1  # also behind nsenter
        self.log_path = pathlib.Path(directory) / f"{name}.log"
        self._lines = []  # (stream, text)
        self._changed = threading.Condition()
        self._open_streams = 2
        environment = {**os.environ, **(env or {})}
        environment = {key: str(value) for key, value in environment.items() if value is not None}
        passed = ()
        if sockets:
            passed = tuple(sock.fileno() for sock in sockets.values())
            command = [sys.executable, "-I", "-c", _activation, ",".join(map(str, passed)), ":".join(sockets), *command]

        def prepare():
            die_with_parent()
            for name, values in (limits or {}).items():
                resource.setrlimit(getattr(resource, name), values)

        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE if input else subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=environment, cwd=cwd, pass_fds=passed, start_new_session=True,
            preexec_fn=prepare)
        self.stdin = self._process.stdin
        self._log = open(self.log_path, "ab", buffering=0)
        self._readers = [threading.Thread(target=self._read, args=(pipe, label), daemon=True)
                         for pipe, label in ((self._process.stdout, "out"), (self._process.stderr, "err"))]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self):
        return self._process.pid

    @property
    def returncode(self):
        return self._process.poll()

    def running(self):
        return self._process.poll() is None

    def _read(self, pipe, label):
        for raw in pipe:
            self._log.write(raw)
            with self._changed:
                self._lines.append((label, raw.decode(errors="backslashreplace").rstrip("\r\n")))
                self._changed.notify_all()
        with self._changed:
            self._open_streams -= 1
            self._changed.notify_all()

    def lines(self, stream=None):
        with self._changed:
            return [text for label, text in self._lines if stream in (None, label)]

    def text(self, stream=None):
        return "\n".join(self.lines(stream))

    def mark(self):
        """Position for wait_line(after=): only lines that come later."""
        with self._changed:
            return len(self._lines)

    def wait_line(self, pattern, timeout=20, stream=None, after=0):
        """The re.Match of the first line that matches, waiting for it. Fails early when the program has ended."""
        compiled = re.compile(pattern)
        deadline = time.monotonic() + timeout
        at = after
        with self._changed:
            while True:
                while at < len(self._lines):
                    label, text = self._lines[at]
                    at += 1
                    match = compiled.search(text) if stream in (None, label) else None
                    if match:
                        return match
                left = deadline - time.monotonic()
                if self._open_streams == 0 or left <= 0:
                    why = "it ended" if self._open_streams == 0 else f"{timeout} s passed"
                    tail = "\n".join(text for _, text in self._lines[-25:])
                    raise AssertionError(f"{self.name}: no line like {pattern!r} before {why}; its last lines:\n{tail}")
                self._changed.wait(left)

    def send_signal(self, number):
        self._process.send_signal(number)

    def wait(self, timeout=20):
        """Exit code; fails when the program goes on running."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} is still running after {timeout} s") from None
        for reader in self._readers:
            reader.join(5)
        return code

    def stop(self, number=signal.SIGTERM, timeout=10):
        """Asks it to end and waits; a program that does not comply is killed with its group and fails the test."""
        if self._process.poll() is not None:
            self._sweep()
            return self.wait()
        for _ in range(self._signals):
            self._process.send_signal(number)
            try:
                self._process.wait(timeout / self._signals)
                break
            except subprocess.TimeoutExpired:
                pass
        else:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {timeout} s of signal {int(number)}")
        self._sweep()
        return self.wait()

    def kill(self):
        """SIGKILL to the program and to what it started."""
        self._sweep()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def _sweep(self):
        # Its own session, hence its own group: nothing of anybody else is in it.
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
