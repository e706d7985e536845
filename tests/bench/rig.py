"""The machinery under a benchmark: both servers with the same key, user, cipher and key exchange, TLS in front of both,
a target behind both. Everything lives in one directory and is stopped by pid."""

import contextlib
import json
import os
import pathlib
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

root = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(root / "tests" / "support"))
import programs  # noqa: E402

binaries = pathlib.Path(os.environ.get("ALKNET_BIN", root / "build-bench" / "bin")).resolve()
drivers = binaries.parent / "tests" / "bench"

AES = "aes128-gcm@openssh.com"
CHACHA = "chacha20-poly1305@openssh.com"
KEX = "curve25519-sha256"
TLS_SUITE = "TLS_AES_128_GCM_SHA256"
USER = pwd.getpwuid(os.getuid()).pw_name


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Process:
    """Output goes to a file, not through this process: nothing here wakes up while a server works."""

    def __init__(self, name, command, directory, pipes=False):
        self.name = name
        self.log_path = directory / f"{name}.log"
        with open(self.log_path, "ab") as log:
            self._popen = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipes else log, stderr=log, start_new_session=True,
                preexec_fn=programs.die_with_parent)
        self.pid = self._popen.pid

    def line(self, prefix):
        """The rest of the first line on stdout that begins with `prefix`."""
        for raw in self._popen.stdout:
            text = raw.decode().strip()
            if text.startswith(prefix):
                return text[len(prefix):].strip()
        raise SystemExit(f"{self.name} ended:\n" + self.log_path.read_text(errors="replace")[-3000:])

    def close_stdin(self):
        self._popen.stdin.close()

    def running(self):
        return self._popen.poll() is None

    def stop(self):
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGTERM)
            try:
                self._popen.wait(10)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                self._popen.wait()
        # Its own session, hence its own group.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


class Server:
    """What clients see: a name, a port for SSH, one for SSH inside TLS, a near end of TLS for clients that cannot do it
    themselves, and the processes that count."""

    def __init__(self, name, port, tls_port, near_port, processes, tls_processes):
        self.name, self.port, self.tls_port, self.near_port = name, port, tls_port, near_port
        self.processes = processes  # of a plain session
        self.tls_processes = tls_processes  # of a session inside TLS

    def __repr__(self):
        return self.name


class Identities:
    """alknet-authd and alknet-stored on a bus of their own: one key in a file, and `count` (500 at most) of an account, base64 as
    in their lines."""

    bus_config = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><listen>{address}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>
"""

    def __init__(self, count):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="bench-alknet-"))
        self.address = f"unix:path={self.dir}/bus"
        self._running = []
        try:
            self._start(count)
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        for process in reversed(self._running):
            process.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def _start(self, count):
        (self.dir / "bus.conf").write_text(self.bus_config.format(address=self.address))
        (self.dir / "state").mkdir(mode=0o700)
        self.in_file, *self.of_accounts = (self._make_key() for _ in range(count + 1))
        (self.dir / "alknet.toml").write_text("[auth]\nproviders = ['configured', 'accounts']\n[auth.ssh]\n"
                                              f"authorized_keys = ['ssh-ed25519 {self.in_file}']\n")
        for name, command in (
                ("bus", ["dbus-daemon", "--nofork", "--nopidfile", f"--config-file={self.dir}/bus.conf"]),
                ("stored", ["env", f"STATE_DIRECTORY={self.dir}/state", binaries / "alknet-stored", "--bus-address",
                            self.address]),
                ("authd", [binaries / "alknet-authd", "--config", self.dir / "alknet.toml", "--bus-address", self.address])):
            self._running.append(Process(name, command, self.dir))
            if name == "bus":
                programs.wait_until((self.dir / "bus").exists, 10, "the bus")
        programs.wait_until(lambda: self._ctl("account", "add", "bench@example.org"), 10, "alknet-stored")
        lines = self.dir / "lines"
        lines.write_text("".join(f"ssh-ed25519 {key}\n" for key in self.of_accounts))
        if not self._ctl("keys", "add", lines, "--account", "bench@example.org"):
            raise SystemExit("alknet-stored does not take the keys")

    def _make_key(self):
        path = self.dir / "made"
        path.unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True, stdin=subprocess.DEVNULL)
        return pathlib.Path(f"{path}.pub").read_text().split()[1]

    def _ctl(self, *arguments):
        return subprocess.run([binaries / "alknetctl", "--bus-address", self.address, *arguments],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def forget(self):
        """A change, after which nothing counts that alknet-authd remembers."""
        self._ctl("account", "set", "bench@example.org", "--name", str(time.monotonic()))

    def ask(self, keys, count, parallel):
        """`keys` shown to alknet-authd in turns: calls per second."""
        file = self.dir / "keys"
        file.write_text("".join(key + "\n" for key in keys))
        command = [drivers / "bus_bench", self.address, file, str(count), str(parallel)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["calls_per_second"]


class Rig:
    """limits: text for the [limits] section of alknet.toml."""

    def __init__(self, limits=""):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="bench-alknet-"))
        self._running = []
        try:
            self._start(limits)
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        for process in reversed(self._running):
            process.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def start(self, name, command, pipes=False):
        process = Process(name, command, self.dir, pipes)
        self._running.append(process)
        return process

    def end(self, process):
        process.stop()
        self._running.remove(process)

    def _start(self, limits):
        target = self.start("target", [drivers / "target"], pipes=True)
        self.target = target
        self.target_port = int(target.line("port"))
        alknet, places = self._start_alknet(limits)
        sshd, sshd_port = self._start_sshd()
        stunnel, stunnel_port = self._start_stunnel_server(sshd_port)
        near = self._start_stunnel_client({"alknet": places["tls"], "sshd": stunnel_port})
        self.alknet = Server("alknet", places["ssh"], places["tls"], near["alknet"], [alknet], [alknet])
        self.sshd = Server("sshd", sshd_port, stunnel_port, near["sshd"], [sshd], [sshd, stunnel])
        self.servers = (self.alknet, self.sshd)

    def _start_alknet(self, limits):
        self.state = self.dir / "state"
        overrides = self.state / "alknet.toml.d"
        overrides.mkdir(parents=True, mode=0o700)
        self.state.chmod(0o700)
        # Every load comes from one address, and some of it never logs in.
        (overrides / "40-bench.toml").write_text('[limits.penalties]\nexempt = ["127.0.0.0/8", "::1"]\n')
        if limits:
            (overrides / "50-bench.toml").write_text(f"[limits]\n{limits}\n")
        alknet = self.start("alknet", [binaries / "alknet", "serve", "--state", self.state, "--listen-tls",
                                       "127.0.0.1:0", "--listen-ssh", "127.0.0.1:0"], pipes=True)
        ready = alknet.line("ready")
        self.key = self.state / "client_ed25519"
        places = dict(part.split("=", 1) for part in ready.split())
        return alknet, {name: int(place.rpartition(":")[2]) for name, place in places.items()}

    def _start_sshd(self):
        port = free_port()
        host_key = self.dir / "sshd_host_key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host_key], check=True)
        if os.getuid() == 0:
            pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        config = self.dir / "sshd_config"
        config.write_text(f"""ListenAddress 127.0.0.1
Port {port}
HostKey {host_key}
PidFile none
AuthorizedKeysFile {self.state}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UseDNS no
Ciphers {AES},{CHACHA}
KexAlgorithms {KEX}
Compression no
MaxStartups 2000
MaxSessions 2000
LoginGraceTime 120
""")
        sshd = self.start("sshd", ["/usr/sbin/sshd", "-D", "-e", "-f", config])
        programs.wait_until(lambda: accepts(port) or not sshd.running(), 10, "sshd")
        return sshd, port

    def _stunnel(self, name, text):
        config = self.dir / f"{name}.conf"
        config.write_text("foreground = yes\npid =\ndebug = 3\nsocket = l:TCP_NODELAY=1\nsocket = r:TCP_NODELAY=1\n"
                          f"sslVersion = TLSv1.3\nciphersuites = {TLS_SUITE}\n" + text)
        return self.start(name, ["stunnel4", config])

    def _start_stunnel_server(self, sshd_port):
        port = free_port()
        stunnel = self._stunnel("stunnel", f"[ssh]\naccept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{sshd_port}\n"
                                f"cert = {self.state}/tls/cert.pem\nkey = {self.state}/tls/key.pem\n")
        programs.wait_until(lambda: accepts(port) or not stunnel.running(), 10, "stunnel")
        return stunnel, port

    def _start_stunnel_client(self, far):
        near = {name: free_port() for name in far}
        self.near_end = self._stunnel("stunnel-client", "".join(
            f"[{name}]\nclient = yes\naccept = 127.0.0.1:{near[name]}\nconnect = 127.0.0.1:{port}\n"
            for name, port in far.items()))
        for port in near.values():
            programs.wait_until(lambda p=port: accepts(p) or not self.near_end.running(), 10, "stunnel")
        return near

    def forwarder(self, server, cipher=AES, tls=False):
        """`ssh -L` to the target; gives (process, its port)."""
        port = free_port()
        ssh = self.start("ssh", ["ssh", "-N", "-F", "/dev/null", "-i", self.key, "-c", cipher, "-o", "BatchMode=yes",
                                 "-o", "IdentitiesOnly=yes", "-o", f"KexAlgorithms={KEX}", "-o",
                                 "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o",
                                 "LogLevel=ERROR", "-o", "ExitOnForwardFailure=yes", "-L",
                                 f"127.0.0.1:{port}:127.0.0.1:{self.target_port}", "-p",
                                 server.near_port if tls else server.port, f"{USER}@127.0.0.1"])
        programs.wait_until(lambda: accepts(port) or not ssh.running(), 20, "ssh -L")
        if not ssh.running():
            raise SystemExit("ssh -L ended:\n" + ssh.log_path.read_text(errors="replace")[-2000:])
        return ssh, port

    def light_client(self, command, server, cipher=AES, tls=False, **arguments):
        """The command line."""
        words = {"key": self.key, "user": USER, "cipher": cipher, "target": self.target_port,
                 "port": server.tls_port if tls else server.port, "tls": int(tls), **arguments}
        return [drivers / "light_client", command, *(f"{name}={value}" for name, value in words.items())]

    def holder(self, server, count, tls=False):
        """A process that keeps idle sessions."""
        process = self.start("hold", self.light_client("hold", server, tls=tls, count=count), pipes=True)
        process.line('{"ready"')
        return process


def raise_descriptor_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def pause(seconds):
    """For memory to settle and stalls to last; nothing is waited for by it."""
    time.sleep(seconds)
