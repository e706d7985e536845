"""Servers that tunnels lead to, in this process: one thread a connection, on a loopback port of their own."""

import hashlib
import socket
import struct
import threading

import harness

chunk_size = 256 * 1024


def pattern(total, seed=1):
    """A reproducible byte stream in chunks; every chunk differs, so that a lost or doubled one is noticed."""
    block = hashlib.shake_256(b"alknet %d" % seed).digest(chunk_size - 8)
    sent = 0
    while sent < total:
        chunk = sent.to_bytes(8, "big") + block
        yield chunk[: total - sent]
        sent += len(chunk[: total - sent])


def pattern_bytes(total, seed=1):
    return b"".join(pattern(total, seed))


def pattern_digest(total, seed=1):
    digest = hashlib.sha256()
    for chunk in pattern(total, seed):
        digest.update(chunk)
    return digest.hexdigest()


def stream_digest(sock, timeout=120):
    """sha256 of everything until the peer ends, and its length."""
    sock.settimeout(timeout)
    digest, size = hashlib.sha256(), 0
    while chunk := sock.recv(chunk_size):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


def send_pattern(sock, total, seed=1):
    for chunk in pattern(total, seed):
        sock.sendall(chunk)


class Target:
    """Base: override handle(connection). `connections` counts what was accepted."""

    def __init__(self, host="127.0.0.1"):
        self._listener = harness.listening_socket(host)
        self.host, self.port = self._listener.getsockname()[:2]
        self.connections = 0
        self._live = set()
        self._lock = threading.Lock()
        self.timeout = 120

    @property
    def address(self):
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def start(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def stop(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        with self._lock:
            for connection in list(self._live):
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(self.timeout)
            with self._lock:
                self.connections += 1
                self._live.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            self.handle(connection)
        except OSError:
            pass
        finally:
            with self._lock:
                self._live.discard(connection)
            connection.close()

    def handle(self, connection):
        raise NotImplementedError


class Echo(Target):
    """Sends back what comes; ends its direction when the peer has ended."""

    def handle(self, connection):
        while chunk := connection.recv(65536):
            connection.sendall(chunk)
        connection.shutdown(socket.SHUT_WR)


class Sink(Target):
    """Reads to the end, then answers the sha256 of it in hex and ends: exercises half-close."""

    def handle(self, connection):
        digest, _ = stream_digest(connection, self.timeout)
        connection.sendall(digest.encode())


class Source(Target):
    """Sends pattern(total) and ends."""

    def __init__(self, total, seed=1, host="127.0.0.1"):
        super().__init__(host)
        self.total, self.seed = total, seed

    def handle(self, connection):
        send_pattern(connection, self.total, self.seed)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(chunk_size):  # closing on unread input would reset what is on its way
            pass


class Http(Target):
    """One fixed page for every GET, connection closed after it. `requests` holds the request lines."""

    def __init__(self, body=b"hello from the target\n", host="127.0.0.1"):
        super().__init__(host)
        self.body, self.requests = body, []

    @property
    def url(self):
        return f"http://{self.address}/"

    def handle(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = connection.recv(4096)
            if not chunk:
                return
            head += chunk
        self.requests.append(head.split(b"\r\n", 1)[0].decode())
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n"
                           b"Content-Length: %d\r\n\r\n" % len(self.body) + self.body)


class SlowReader(Target):
    """Takes `first` bytes, then nothing until release is set; then reads on like Sink."""

    def __init__(self, first=1, host="127.0.0.1"):
        super().__init__(host)
        self.first, self.release = first, threading.Event()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def handle(self, connection):
        got = hashlib.sha256(harness.receive_exactly(connection, self.first, self.timeout))
        self.release.wait(self.timeout)
        while chunk := connection.recv(chunk_size):
            got.update(chunk)
        connection.sendall(got.hexdigest().encode())


class Reset(Target):
    """Resets the connection after `after` received bytes (0: at once)."""

    def __init__(self, after=0, host="127.0.0.1"):
        super().__init__(host)
        self.after = after

    def handle(self, connection):
        if self.after:
            harness.receive_exactly(connection, self.after, self.timeout)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class HalfClose(Target):
    """Sends `greeting`, ends its own direction at once, and goes on reading; `received` is what came."""

    def __init__(self, greeting=b"bye\n", host="127.0.0.1"):
        super().__init__(host)
        self.greeting, self.received, self.ended = greeting, bytearray(), threading.Event()

    def handle(self, connection):
        connection.sendall(self.greeting)
        connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(65536):
            self.received += chunk
        self.ended.set()


class Blackhole:
    """An address whose connection attempts hang: a listener with a full queue that never accepts."""

    def __init__(self):
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.host, self.port = self._listener.getsockname()
        self._fillers = []

    def start(self):
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((self.host, self.port))
            self._fillers.append(filler)
        return self

    def stop(self):
        for filler in self._fillers:
            filler.close()
        self._listener.close()
