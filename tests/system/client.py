"""Somebody who uses the server from another network: a key, stock ssh through the TLS port, and `alknet connect`."""

import pathlib
import re
import socket
import ssl
import subprocess

import harness

host_key = "/etc/alknet/ssh_host_ed25519_key"


class Client:
    """key: path of its private key; line: the public one. known_hosts holds the server's key once it has one: trust()."""

    def __init__(self, case, server, network, name="client"):
        self.case, self.server, self.network, self.name = case, server, network, name
        self.directory = case.dir / name
        self.directory.mkdir()
        self.key, self.known_hosts = self.directory / "key", self.directory / "known_hosts"
        self.line = harness.make_key(self.key, comment=name)
        self._forwards = 0

    @property
    def fingerprint(self):
        return harness.fingerprint(f"{self.key}.pub")

    def trust(self):
        """The host key, as an operator hands it out."""
        line = self.server.look(["ssh-keygen", "-y", "-f", host_key]).split()
        self.known_hosts.write_text(f"[{self.network.there}]:443 {line[0]} {line[1]}\n")

    @property
    def place(self):
        """ADDRESS:PORT that it connects to."""
        there = self.network.there
        return f"[{there}]:443" if ":" in there else f"{there}:443"

    def tls_command(self):
        """Stock ssh gets to the server by this."""
        return f"openssl s_client -quiet -connect {self.place} 2>/dev/null"

    def ssh_command(self, *arguments):
        return self.network.command([
            "ssh", "-F", "/dev/null", "-i", self.key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes",
            "-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "ExitOnForwardFailure=yes", "-o", "ConnectTimeout=15",
            "-o", f"ProxyCommand={self.tls_command()}", "-p", "443", *arguments, f"alknet@{self.network.there}"])

    def ssh_admits(self):
        """Whether the server takes the key: a forward to nowhere comes up or does not."""
        done = subprocess.run(self.ssh_command("-v", "-N", "-o", "PermitLocalCommand=yes", "-o", "LocalCommand=kill $PPID"),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
        if "Authenticated to" in done.stderr:
            return True
        if "Permission denied" in done.stderr:
            return False
        raise AssertionError(f"ssh says neither yes nor no:\n{done.stderr[-3000:]}")

    def forward(self, target):
        """`ssh -N -L`: (program, path of the local socket that leads to the target)."""
        self._forwards += 1
        path = self.directory / f"forward{self._forwards}"
        program = self.case.start(f"{self.name}-ssh{self._forwards}",
                                  self.ssh_command("-v", "-N", "-L", f"{path}:{target.address}"))
        program.wait_line(r"Entering interactive session|pledge: network", timeout=30)
        return program, path

    def open(self, path):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(30)
        sock.connect(str(path))
        return sock

    def connect(self, program, *arguments):
        """`alknet connect` by the executable `program`: (program, address of its SOCKS5 port in this network)."""
        started = self.case.start(f"{self.name}-connect", self.network.command(
            [program, "connect", "--server", self.place, "--transport", "tls", "--insecure", "--identity", self.key,
             "--known-hosts", self.known_hosts, "--socks5", "127.0.0.1:0", *arguments]))
        return started, started.wait_line(r"^ready socks5=(\S+)", timeout=30, stream="out")[1]

    def page(self, socks5, url):
        """What curl gets through a SOCKS5 port."""
        return self.case.run_program(self.network.command(
            ["curl", "-sS", "-m", "30", "--socks5-hostname", socks5, url])).stdout

    def tls(self, timeout=20):
        """A TLS connection, certificate unchecked."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        raw = self.network.inside(lambda: socket.create_connection(harness.split_address(self.place), timeout))
        return context.wrap_socket(raw, server_hostname="localhost")

    def certificate(self):
        """What a new handshake shows, in DER."""
        with self.tls() as sock:
            return sock.getpeercert(binary_form=True)


def echoes(sock, text):
    """Whether `text` comes back; an end of the stream is False."""
    try:
        sock.sendall(text)
        return harness.receive_exactly(sock, len(text)) == text
    except (AssertionError, OSError):
        return False


def unpacked(case, package):
    """Directory with the files of a package, for a machine of which nothing else is needed."""
    place = case.dir / "unpacked" / pathlib.Path(package).stem
    if not place.exists():
        place.mkdir(parents=True)
        subprocess.run(["dpkg-deb", "--extract", package, place], check=True)
    return place


def listening(machine):
    """{"tcp *:443", …}: every port that the machine has open to the outside."""
    out = machine.look(["ss", "--no-header", "--listening", "--numeric", "--tcp", "--udp"])
    return {f"{line.split()[0]} {line.split()[4]}" for line in out.splitlines() if not re.search(r" (127\.|\[::1\])\S* ", line)}
