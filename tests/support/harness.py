"""What every integration test stands on; python3's standard library alone.

A test file is one unittest module:

    import harness
    import targets

    class Forwards(harness.Case):
        def test_echo(self):
            harness.require("curl")
            server = self.serve()                       # alknet serve in self.dir
            echo = self.target(targets.Echo())
            ...

    if __name__ == "__main__":
        harness.main()

Rules: no sleeps (wait_line, wait_until and socket deadlines instead), every program is stopped by its pid, everything
lives in self.dir, which is removed when the test passes and kept (and named) when it fails. A test that cannot run says
so through require() or self.skipTest(): it is counted and printed as skipped, never as passed.

Environment: ALKNET_BIN   directory of the executables (meson sets it; default build/bin)
             ALKNET_FULL  1 = the sizes of `./dev test --full`
             ALKNET_SANITIZERS  what the executables were built with (meson's b_sanitize, "none")
             ALKNET_KEEP  1 = keep every self.dir
"""

import errno
import os
import pathlib
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import unittest

import programs
from programs import Program, wait_until  # noqa: F401 (part of this module's face)

root = pathlib.Path(__file__).resolve().parents[2]
binaries = pathlib.Path(os.environ.get("ALKNET_BIN", root / "build" / "bin")).resolve()
full = os.environ.get("ALKNET_FULL") == "1"
sanitizers = os.environ.get("ALKNET_SANITIZERS", "none")

MIB = 1024 * 1024
sanitizer_report = re.compile(r"ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|: runtime error: ")

# Payload of a byte-exactness test.
bulk_size = 1024 * MIB if full else 32 * MIB


def sized(reduced, complete):
    """`reduced` in an ordinary run, `complete` under --full."""
    return complete if full else reduced


def binary(name):
    path = binaries / name
    if not path.exists():
        raise AssertionError(f"{path} is missing: build it first (./dev build)")
    return str(path)


def require(*names):
    """Skips the running test, loudly, unless every program is installed."""
    for name in names:
        if shutil.which(name) is None:
            raise unittest.SkipTest(f"{name} is not installed")


def require_name(name):
    """The same for a name that this machine must know."""
    try:
        socket.getaddrinfo(name, None)
    except OSError as error:
        raise unittest.SkipTest(f"{name} does not resolve here: {error}") from error


def free_port(host="127.0.0.1"):
    """A port that was free a moment ago. Prefer port 0 wherever the program can report what it got."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, 0))
        return probe.getsockname()[1]


def split_address(text):
    """'127.0.0.1:80' or '[::1]:80' -> (host, port)."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def listening_socket(host="127.0.0.1", backlog=4096):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, 0))
    sock.listen(backlog)
    return sock


def make_key(path, kind="ed25519", comment="test", bits=None, passphrase=""):
    """A key pair by ssh-keygen: `path` and `path`.pub; gives the public line."""
    require("ssh-keygen")
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", comment, "-f", str(path)]
    if bits:
        command += ["-b", str(bits)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return pathlib.Path(f"{path}.pub").read_text().strip()


def fingerprint(public_path):
    out = subprocess.run(["ssh-keygen", "-lf", str(public_path)], check=True, capture_output=True, text=True).stdout
    return out.split()[1]


def adapted_policy(text, users):
    """Our real bus policy with its users replaced: by `users[NAME]` where given, else by whoever runs the tests."""
    mine = str(os.getuid())
    return re.sub(r'<policy user="([^"]+)"', lambda m: f'<policy user="{users.get(m[1], mine)}"', text)


class Case(unittest.TestCase):
    """One test: a private directory, and helpers whose things are stopped afterwards, last started first."""

    maxDiff = None

    def setUp(self):
        # Short on purpose: socket paths are limited to 107 bytes.
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="alk-"))
        self._programs = []
        self.addCleanup(self._clean_directory)
        self.addCleanup(self._look_for_reports)

    def failed(self):
        """Whether this test has failed so far; to be asked in cleanups."""
        result = self._outcome.result
        return any(getattr(test, "test_case", test) is self for test, _ in result.failures + result.errors)

    def _clean_directory(self):
        if self.failed() or os.environ.get("ALKNET_KEEP") == "1":
            for program in self._programs:
                print(f"# ---- {program.name}: last lines of {program.log_path}", file=sys.stderr)
                for line in program.lines()[-25:]:
                    print(f"#      {line}", file=sys.stderr)
            print(f"# files of {self.id()} are kept in {self.dir}", file=sys.stderr)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def assert_memory(self, held, limit):
        """A bound on what a program holds. Sanitizers keep freed memory back: under them it says nothing."""
        if sanitizers != "none":
            print(f"# {self.id()}: sanitized; {held:.0f} against {limit} not judged")
        else:
            self.assertLess(held, limit)

    def _look_for_reports(self):
        """A sanitizer's report in any log is a failure, whatever the test looked at."""
        for program in self._programs:
            report = sanitizer_report.search(program.text())
            if report:
                raise AssertionError(f"{program.name}: {program.text()[report.start():report.start() + 6000]}")

    def start(self, name, command, **options):
        """Starts a program (see programs.Program) that is stopped when the test ends."""
        program = Program(name, [str(part) for part in command], self.dir, **options)
        self._programs.append(program)
        self.addCleanup(program.stop)
        return program

    def run_program(self, command, timeout=60, check=0, **options):
        """Runs to its end; output captured as bytes. `check`: expected exit code, None for any."""
        done = subprocess.run([str(part) for part in command], capture_output=True, timeout=timeout,
                              **{"stdin": subprocess.DEVNULL, **options})
        if check is not None and done.returncode != check:
            self.fail(f"{command[0]} ended with {done.returncode}, expected {check}\n"
                      f"{done.stdout[-2000:].decode(errors='replace')}\n{done.stderr[-4000:].decode(errors='replace')}")
        return done

    def target(self, server):
        """Starts a server of targets.py and stops it when the test ends."""
        server.start()
        self.addCleanup(server.stop)
        return server

    def start_bus(self, users=None, name="bus"):
        """A private dbus-daemon with our real policy files. Gives its address; `users` maps unit users to accounts."""
        require("dbus-daemon")
        policies = self.dir / f"{name}.policy.d"
        policies.mkdir()
        for source in sorted((root / "contracts" / "dbus").glob("*.conf")):
            (policies / source.name).write_text(adapted_policy(source.read_text(), users or {}))
        config = self.dir / f"{name}.conf"
        config.write_text(f"""<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={self.dir}/{name}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Monitoring"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Properties"/>
  </policy>
  <includedir>{policies}</includedir>
</busconfig>
""")
        bus = self.start(name + "-daemon", ["dbus-daemon", "--nofork", "--nopidfile", "--nosyslog",
                                            "--print-address=1", f"--config-file={config}"])
        return bus.wait_line(r"^(unix:\S+)", stream="out")[1]

    def serve(self, *arguments, state=None, env=None, ready_timeout=60):
        """`alknet serve` with its embedded defaults on ports of its own choosing, once it is ready."""
        import served
        return served.Served(self, [str(a) for a in arguments], state or self.dir / "state", env, ready_timeout)

    def assert_same_bytes(self, got, expected):
        """For long strings: says where they part instead of printing both."""
        if got == expected:
            return
        at = next((i for i, (a, b) in enumerate(zip(got, expected)) if a != b), min(len(got), len(expected)))
        self.fail(f"{len(got)} bytes got, {len(expected)} expected, first difference at {at}: "
                  f"{got[at:at + 40]!r} instead of {expected[at:at + 40]!r}")


def receive_all(sock, timeout=20, limit=64 * MIB):
    """Everything until the peer ends. A reset is reported as ConnectionResetError, silence as TimeoutError."""
    deadline = time.monotonic() + timeout
    data = bytearray()
    while len(data) < limit:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([sock], [], [], left)[0]:
            raise TimeoutError(f"no end of stream within {timeout} s; {len(data)} bytes so far: {bytes(data[:80])!r}")
        chunk = sock.recv(65536)
        if not chunk:
            break
        data += chunk
    return bytes(data)


def end_writing(sock):
    """Half-closes. A peer that has reset the connection by now is no error here: reading brings what it sent, and says so."""
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError as error:
        if error.errno != errno.ENOTCONN:
            raise


def receive_exactly(sock, count, timeout=20):
    sock.settimeout(timeout)
    data = bytearray()
    while len(data) < count:
        chunk = sock.recv(min(65536, count - len(data)))
        if not chunk:
            raise AssertionError(f"stream ended after {len(data)} of {count} bytes")
        data += chunk
    return bytes(data)


class _Tap(unittest.TestResult):
    """Test Anything Protocol on stdout: a lost, skipped or failed case is visible to the runner by itself."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def _line(self, word, test, note=""):
        self.count += 1
        name = test.id().removeprefix("__main__.")
        print(f"{word} {self.count} - {name}{note}", flush=True)

    def startTest(self, test):
        super().startTest(test)
        self._began = time.monotonic()

    def addSuccess(self, test):
        self._line("ok", test)
        print(f"#   {time.monotonic() - self._began:.2f} s", flush=True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line("ok", test, f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._broken(test, err)

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err is not None:
            super().addSubTest(test, subtest, err)
            self._broken(subtest, err)

    def _broken(self, test, err):
        self._line("not ok", test)
        for line in "".join(traceback.format_exception(*err)).splitlines():
            print(f"# {line}", flush=True)


def main(timeout=None):
    """Runs the module's tests, prints TAP; `python3 FILE [Class.test]...` picks some. Ends the process."""
    programs.die_with_parent()
    loader = unittest.TestLoader()
    module = sys.modules["__main__"]
    suite = loader.loadTestsFromNames(sys.argv[1:], module) if sys.argv[1:] else loader.loadTestsFromModule(module)
    result = _Tap()
    suite.run(result)
    print(f"1..{result.count}", flush=True)
    sys.exit(1 if result.failures or result.errors or not result.count else 0)
