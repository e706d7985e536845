"""A prober's eye: sends steps to a TLS port and writes down everything that comes back below TLS and above it.

A transcript holds what a censor could compare: TLS records by type, version and length, the bytes inside, how the
connection ended and when. Values that differ between two runs of one server are masked (dates, the port in redirects).
"""

import dataclasses
import itertools
import re
import select
import socket
import ssl
import time

import harness

# A server that says nothing for so long is waiting for us.
quiet_time = 0.35


@dataclasses.dataclass
class Probe:
    name: str
    steps: list = dataclasses.field(default_factory=list)
    tls: bool = True              # False: steps are sent as they are
    alpn: tuple = ()
    sni: str = "localhost"
    tls12: bool = False
    options: int = 0
    ciphers: str = ""
    patience: float = quiet_time  # silence after which we stop listening
    resume: bool = False          # compare a second connection that offers the first one's session


# Steps besides bytes.
@dataclasses.dataclass
class Wait:
    """Until the server has been quiet for quiet_time."""


@dataclasses.dataclass
class Pause:
    seconds: float


@dataclasses.dataclass
class Notify:
    """close_notify, without FIN."""


@dataclasses.dataclass
class Fin:
    """FIN, without close_notify; in one segment with the bytes before it, so that no server sees one without the other."""


@dataclasses.dataclass
class Raw:
    """Bytes below TLS."""
    bytes: bytes


@dataclasses.dataclass
class Piecewise:
    """Byte by byte, one write each."""
    bytes: bytes


def records(data):
    """[(content type, version, length)] of a byte stream that should consist of TLS records."""
    found, at = [], 0
    while len(data) - at >= 5 and data[at] in (20, 21, 22, 23):
        size = int.from_bytes(data[at + 3:at + 5], "big")
        found.append((data[at], data[at + 1:at + 3].hex(), size))
        at += 5 + size
    if at < len(data):
        found.append(("not tls", bytes(data[at:])))
    return found


class Connection:
    def __init__(self, port, probe, session=None):
        self.probe = probe
        self.port = port
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = time.monotonic()
        self.wire = bytearray()
        self.plain = bytearray()
        self.end = "open"
        self.notified = False
        self.when = None
        self.error = None
        self.tls = None
        self.handshaken = False
        self.held = False
        if probe.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.options |= probe.options
            if probe.tls12:
                context.maximum_version = ssl.TLSVersion.TLSv1_2
            if probe.ciphers:
                context.set_ciphers(probe.ciphers)
            if probe.alpn:
                context.set_alpn_protocols(list(probe.alpn))
            self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.tls = (context if session is None else session[0]).wrap_bio(
                self.incoming, self.outgoing, server_hostname=probe.sni or None,
                session=None if session is None else session[1])
            self.context = context if session is None else session[0]

    def flush(self):
        data = self.outgoing.read()
        if data:
            self.send_raw(data)

    def send_raw(self, data):
        try:
            self.sock.sendall(data, socket.MSG_MORE if self.held else 0)
        except OSError as error:
            self.finish_socket(error)

    def finish_socket(self, error):
        if self.when is None:
            self.end = "reset" if isinstance(error, (ConnectionResetError, BrokenPipeError)) else repr(error)
            self.when = time.monotonic()

    def handshake(self):
        while True:
            try:
                self.tls.do_handshake()
                self.flush()
                self.handshaken = True
                return True
            except ssl.SSLWantReadError:
                self.flush()
                if not self.receive(10):
                    return False
            except ssl.SSLError as error:
                self.error = error.reason
                self.flush()
                return False

    def receive(self, timeout):
        """One chunk; False when nothing came or the stream is over."""
        if self.when is not None or not select.select([self.sock], [], [], timeout)[0]:
            return False
        try:
            chunk = self.sock.recv(65536)
        except OSError as error:
            self.finish_socket(error)
            return False
        if not chunk:
            self.end, self.when = "fin", time.monotonic()
            return False
        self.wire += chunk
        if self.tls is None:
            self.plain += chunk
            return True
        self.incoming.write(chunk)
        if self.handshaken:
            self.decrypt()
        return True

    def decrypt(self):
        while not self.notified:
            try:
                data = self.tls.read(65536)
            except ssl.SSLWantReadError:
                return
            except ssl.SSLZeroReturnError:
                self.notified = True
                return
            except ssl.SSLError as error:
                self.error = error.reason
                return
            if not data:
                self.notified = True
                return
            self.plain += data

    def listen(self, silence):
        while self.receive(silence):
            pass

    def step(self, step):
        if isinstance(step, Wait):
            self.listen(quiet_time)
        elif isinstance(step, Pause):
            deadline = time.monotonic() + step.seconds
            while (left := deadline - time.monotonic()) > 0 and self.when is None:
                self.receive(left)
        elif isinstance(step, Fin):
            harness.end_writing(self.sock)
        elif isinstance(step, Notify):
            try:
                self.tls.unwrap()
            except ssl.SSLError:
                pass
            self.flush()
        elif isinstance(step, Raw):
            self.send_raw(step.bytes)
        elif isinstance(step, Piecewise):
            for byte in step.bytes:
                self.step(bytes([byte]))
        elif self.tls is None:
            self.send_raw(step)
        else:
            try:
                self.tls.write(step)
            except ssl.SSLError as error:
                self.error = error.reason
            self.flush()

    def run(self):
        good = self.handshake() if self.tls is not None else True
        if good:
            for step, following in itertools.zip_longest(self.probe.steps, self.probe.steps[1:]):
                self.held = isinstance(following, Fin)
                self.step(step)
        last = time.monotonic()
        self.listen(self.probe.patience)
        self.took = None if self.when is None else max(0.0, self.when - last)
        return self

    def close(self):
        self.sock.close()

    def transcript(self):
        lines = []
        if self.tls is not None:
            lines.append(f"handshake: {self.handshaken and self.tls.version()} {self.handshaken and self.tls.cipher()}")
            if self.handshaken:
                lines.append(f"alpn: {self.tls.selected_alpn_protocol()} reused: {self.tls.session_reused}")
            lines += [f"record {r}" for r in records(bytes(self.wire))]
            lines.append(f"error: {self.error}")
        lines += masked(bytes(self.plain), self.port).split("\n")
        lines.append(f"close_notify: {self.notified}")
        lines.append(f"end: {self.end}")
        lines.append(f"after: {'-' if self.took is None else 'at once' if self.took < 0.9 else round(self.took)}")
        return lines


def masked(data, port):
    text = data.decode("latin-1")
    text = re.sub(r"Date: [^\r]{29}", "Date: <date>", text)
    text = text.replace(f":{port}/", ":<port>/")
    return re.sub(r"0{15,}\d+", "<boundary>", text)


def run(port, probe):
    connection = Connection(port, probe).run()
    if probe.resume and connection.handshaken:
        session = (connection.context, connection.tls.session)
        connection.close()
        connection = Connection(port, probe, session).run()
    connection.close()
    return connection.transcript()
