"""A private sshd, `alknet connect` against it, and a terminal to type at."""

import getpass
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import time

import harness


def new_key(path, **options):
    harness.make_key(path, **options)
    return path


class Sshd:
    """A private sshd. fingerprint, known_hosts: of its host key. accept(): adds a key."""

    def __init__(self, case, *options):
        harness.require("ssh-keygen", self._path())
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        self.directory = case.dir
        self.host_key = new_key(case.dir / "host_key")
        self.authorized = case.dir / "authorized_keys"
        self.authorized.touch()
        self.port = harness.free_port()
        config = case.dir / "sshd_config"
        config.write_text("\n".join([
            f"ListenAddress 127.0.0.1:{self.port}", f"HostKey {self.host_key}", f"PidFile {case.dir}/sshd.pid",
            f"AuthorizedKeysFile {self.authorized}", "StrictModes no", "UsePAM no", "PasswordAuthentication no",
            "PermitRootLogin yes", "LogLevel DEBUG1", *options, ""]))
        self.program = case.start("sshd", [self._path(), "-D", "-e", "-f", config])
        self.program.wait_line("Server listening on")
        public = pathlib.Path(f"{self.host_key}.pub")
        self.fingerprint = harness.fingerprint(public)
        self.known_hosts = case.dir / "known_hosts"
        kind, key = public.read_text().split()[:2]
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n")

    @staticmethod
    def _path():
        return subprocess.run(["sh", "-c", "command -v sshd || echo /usr/sbin/sshd"], capture_output=True,
                              text=True).stdout.strip()

    def accept(self, key):
        with open(self.authorized, "a") as file:
            file.write(pathlib.Path(f"{key}.pub").read_text())


class Client(harness.Case):
    def setUp(self):
        super().setUp()
        self.sshd = Sshd(self, *self.sshd_options)
        self.key = new_key(self.dir / "key")
        self.sshd.accept(self.key)

    sshd_options = ()

    def command(self, *arguments, identity=None, trust=True, socks5="127.0.0.1:0"):
        command = [harness.binary("alknet"), "connect", "--server", f"127.0.0.1:{self.sshd.port}",
                   "--user", getpass.getuser(), "--identity", identity or self.key, "--socks5", socks5]
        if trust:
            command += ["--known-hosts", self.sshd.known_hosts]
        return [str(part) for part in [*command, *arguments]]

    environment = {"SSH_AUTH_SOCK": None, "ALKNET_LOG": "debug"}

    def connect(self, *arguments, env=None, **options):
        """(program, SOCKS5 address, [forward addresses])"""
        program = self.start("connect", self.command(*arguments, **options), env={**self.environment, **(env or {})})
        ready = program.wait_line(r"^ready socks5=(\S+)(.*)$", stream="out")
        forwards = [harness.split_address(part.split("=")[1]) for part in ready[2].split()]
        return program, harness.split_address(ready[1]), forwards

    def fails(self, *arguments, code=1, env=None, **options):
        """Its stderr."""
        environment = {**os.environ, "HOME": str(self.dir), **(env or {})}
        environment.pop("SSH_AUTH_SOCK", None)
        done = self.run_program(self.command(*arguments, **options), check=code, env=environment)
        self.assertEqual(done.stdout, b"")
        self.assertTrue(done.stderr.startswith(b"error: "), done.stderr)
        return done.stderr.decode()


class Terminal:
    """Runs a command with a terminal of its own. `seen`: all that it printed."""

    def __init__(self, case, command):
        self.case, self.seen = case, b""
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.environ.pop("SSH_AUTH_SOCK", None)
            os.execv(command[0], command)
        self._at = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._pid:
            os.kill(self._pid, signal.SIGTERM)
            self.wait()
        os.close(self._fd)

    def expect(self, pattern, timeout=20):
        deadline = time.monotonic() + timeout
        while True:
            found = re.search(pattern, self.seen[self._at:])
            if found:
                self._at += found.end()
                return
            if not select.select([self._fd], [], [], max(0, deadline - time.monotonic()))[0]:
                self.case.fail(f"no {pattern!r} at the terminal: {self.seen!r}")
            try:
                chunk = os.read(self._fd, 4096)
            except OSError:
                chunk = b""
            if not chunk:
                self.case.fail(f"ended without {pattern!r}: {self.seen!r}")
            self.seen += chunk

    def type(self, text):
        os.write(self._fd, text.encode())

    def wait(self):
        pid, self._pid = self._pid, 0
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
