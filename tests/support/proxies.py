"""Proxies that tunnels go through, in this process: they resolve names by a table of their own, and note what they were asked."""

import socket
import threading

import harness
import targets


class Socks5Proxy(targets.Target):
    """RFC 1928, with a user (RFC 1929) when one is given. names: {name: (host, port) it stands for}; asked: (type, host, port).
    It says nothing while patience is cleared."""

    def __init__(self, names=None, user=None, password=None):
        super().__init__()
        self.names, self.user, self.password = names or {}, user, password
        self.asked, self.refused_logins = [], 0
        self.patience = threading.Event()
        self.patience.set()

    @property
    def url(self):
        return f"socks5://{self.address}"

    def handle(self, connection):
        count = harness.receive_exactly(connection, 2)[1]
        offered = harness.receive_exactly(connection, count)
        method = 2 if self.user else 0
        if method not in offered:
            return connection.sendall(b"\x05\xff")
        self.patience.wait(60)
        connection.sendall(bytes([5, method]))
        if method == 2 and not self._log_in(connection):
            return None
        self._serve_request(connection)

    def _log_in(self, connection):
        try:
            user = harness.receive_exactly(connection, harness.receive_exactly(connection, 2)[1]).decode()
        except AssertionError:
            return False  # who has nothing to log in with any more leaves
        password = harness.receive_exactly(connection, harness.receive_exactly(connection, 1)[0]).decode()
        welcome = (user, password) == (self.user, self.password)
        self.refused_logins += not welcome
        connection.sendall(b"\x01\x00" if welcome else b"\x01\x01")
        return welcome

    def _serve_request(self, connection):
        kind = harness.receive_exactly(connection, 4)[3]
        if kind == 3:
            host = harness.receive_exactly(connection, harness.receive_exactly(connection, 1)[0]).decode()
        else:
            family = socket.AF_INET if kind == 1 else socket.AF_INET6
            host = socket.inet_ntop(family, harness.receive_exactly(connection, 4 if kind == 1 else 16))
        port = int.from_bytes(harness.receive_exactly(connection, 2), "big")
        self.asked.append((kind, host, port))
        try:
            out = socket.create_connection(self.names.get(host, (host, port)), timeout=20)
        except OSError:
            return connection.sendall(b"\x05\x05\x00\x01" + bytes(6))
        connection.sendall(b"\x05\x00\x00\x01" + bytes(6))
        with out:
            splice(connection, out)


class Sayer(targets.Target):
    """Sends `text` to whoever comes and waits for them to leave; nothing at all is a proxy that is too slow."""

    def __init__(self, text=b""):
        super().__init__()
        self.text = text

    def handle(self, connection):
        connection.recv(4096)
        connection.sendall(self.text)
        while connection.recv(4096):
            pass


def splice(one, other):
    """Both ways until both have ended."""

    def copy(source, sink):
        try:
            while chunk := source.recv(65536):
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    back = threading.Thread(target=copy, args=(other, one), daemon=True)
    back.start()
    copy(one, other)
    back.join()
