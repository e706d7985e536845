"""A running `alknet serve`, and clients that go through it."""

import pathlib
import socket
import ssl
import subprocess

import harness


class Served:
    """state: its directory. tls, ssh: (host, port), or None when that listener is off."""

    def __init__(self, case, arguments, state, env, timeout):
        self.case = case
        self.state = pathlib.Path(state)
        if not any(a.startswith("--listen-tls") for a in arguments):
            arguments += ["--listen-tls", "127.0.0.1:0"]
        if not any(a.startswith("--listen-ssh") for a in arguments):
            arguments += ["--listen-ssh", "127.0.0.1:0"]
        # Debug level: what tests look for in the log is then all there, and so is what must not be.
        environment = {"ALKNET_LOG": "debug", **(env or {})}
        self.program = case.start("serve", [harness.binary("alknet"), "serve", "--state", self.state, *arguments],
                                  env=environment)
        ready = self.program.wait_line(r"^ready\b(.*)$", timeout=timeout, stream="out")
        places = dict(part.split("=", 1) for part in ready[1].split())
        self.tls = self._place(places.get("tls"))
        self.ssh = self._place(places.get("ssh"))
        self.identity = self.state / "client_ed25519"
        self.known_hosts = self.state / "known_hosts"

    @staticmethod
    def _place(text):
        return None if text in (None, "none", "-") else harness.split_address(text)

    def ssh_options(self, transport="ssh", key=None, user="alknet"):
        """Arguments for stock ssh(1) that authenticate and check the host key, over plain TCP or through TLS."""
        options = ["-F", "/dev/null", "-i", str(key or self.identity), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
                   "-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "StrictHostKeyChecking=yes",
                   "-o", "ExitOnForwardFailure=yes", "-o", "ConnectTimeout=15"]
        host, port = self.ssh if transport == "ssh" else self.tls
        if transport == "tls":
            options += ["-o", f"ProxyCommand=openssl s_client -quiet -connect {joined(host, port)} 2>/dev/null"]
        return [*options, "-p", str(port), f"{user}@{host}"]

    def ssh_forward(self, *forwards, transport="ssh", name="ssh"):
        """`ssh -N` with -L/-D arguments; returns once it says that it listens."""
        program = self.case.start(name, ["ssh", "-v", "-N", *forwards, *self.ssh_options(transport)])
        program.wait_line(r"Entering interactive session|pledge: network", timeout=30)
        return program

    def connect(self, *arguments, transport="tls", name="connect", env=None):
        """`alknet connect`; gives (program, (host, port) of its SOCKS5 listener)."""
        host, port = self.tls if transport == "tls" else self.ssh
        command = [harness.binary("alknet"), "connect", "--server", joined(host, port), "--transport", transport,
                   "--identity", self.identity, "--known-hosts", self.known_hosts, "--socks5", "127.0.0.1:0"]
        if transport == "tls":
            command.append("--insecure")
        program = self.case.start(name, [*command, *arguments], env={"ALKNET_LOG": "debug", **(env or {})})
        ready = program.wait_line(r"^ready socks5=(\S+)", timeout=30, stream="out")
        return program, harness.split_address(ready[1])

    def tls_socket(self, timeout=20, server_name="localhost", alpn=None):
        """A TLS connection to the web face, certificate unchecked."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if alpn:
            context.set_alpn_protocols(alpn)
        raw = socket.create_connection(self.tls, timeout=timeout)
        return context.wrap_socket(raw, server_hostname=server_name, suppress_ragged_eofs=False)

    @property
    def drop_in(self):
        """The configuration file of this test, read after alknet.toml."""
        return self.state / "alknet.toml.d" / "50-test.toml"

    def configure(self, text):
        """Puts `text` into the drop-in and in force."""
        self.drop_in.parent.mkdir(exist_ok=True)
        self.drop_in.write_text(text)
        self.ctl("reload")

    def never_penalise(self):
        """For tests whose peers misbehave on purpose: they all come from one address."""
        exempt_loopback(self.state)
        self.ctl("reload")

    def bus_call(self, service, path, member, *arguments):
        """One call on this instance's own bus."""
        harness.require("busctl")
        self.case.run_program(["busctl", f"--address=unix:path={self.state}/bus", "call", service, path, service, member,
                               *arguments])

    def ctl(self, *arguments, check=0):
        """alknetctl against this instance; gives the finished process (output as bytes)."""
        return self.case.run_program([harness.binary("alknetctl"), "--state", self.state, *arguments], check=check)

    def children(self, name=None):
        """Pids of the daemons that it started, by program name."""
        found = {}
        out = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(self.program.pid)], capture_output=True, text=True)
        for line in out.stdout.splitlines():
            pid, comm = line.split(None, 1)
            found[comm.strip()] = int(pid)
        # The kernel cuts names to 15 characters.
        return found if name is None else found.get(name[:15])


    def engine(self):
        """Pid of the process that accepts and holds the sessions: alknet-listend starts it."""
        return engine_of(self.children("alknet-listend"))


def joined(host, port):
    """As programs want it on their command line."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def engine_of(listend):
    """The youngest engine of an alknet-listend."""
    out = subprocess.run(["ps", "-o", "pid=,comm=", "--sort=-start_time", "--ppid", str(listend)], capture_output=True, text=True)
    engines = [int(line.split()[0]) for line in out.stdout.splitlines() if line.split()[1] == "alknet-engine"]
    return max(engines) if engines else None


def exempt_loopback(state):
    """Written into the state directory of a server; also before it exists."""
    directory = pathlib.Path(state) / "alknet.toml.d"
    directory.parent.mkdir(mode=0o700, exist_ok=True)
    directory.mkdir(exist_ok=True)
    (directory / "10-exempt.toml").write_text('[limits.penalties]\nexempt = ["127.0.0.0/8", "::1"]\n')


def socks5(proxy, host, port, timeout=20):
    """A SOCKS5 CONNECT with the name left to the exit; gives (socket, reply code)."""
    sock = socket.create_connection(proxy, timeout=timeout)
    sock.sendall(b"\x05\x01\x00")
    if harness.receive_exactly(sock, 2) != b"\x05\x00":
        raise AssertionError("SOCKS5 server wants another method")
    name = host.encode()
    sock.sendall(b"\x05\x01\x00\x03" + bytes([len(name)]) + name + port.to_bytes(2, "big"))
    head = harness.receive_exactly(sock, 4)
    size = {1: 4, 4: 16}.get(head[3]) or harness.receive_exactly(sock, 1)[0]
    harness.receive_exactly(sock, size + 2)
    return sock, head[1]
