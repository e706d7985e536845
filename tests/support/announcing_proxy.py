"""Headers of the PROXY protocol, and a proxy that writes one in front of what it passes on."""

import socket
import struct
import threading

import targets

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL = SIGNATURE + b"\x20\x00\x00\x00"
UNKNOWN = b"PROXY UNKNOWN\r\n"


def v1(address, port=50000):
    family, other = ("TCP6", "::1") if ":" in address else ("TCP4", "127.0.0.1")
    return f"PROXY {family} {address} {other} {port} 443\r\n".encode()


def v2(address, port=50000, tlv=b"\x04\x00\x03noo"):
    family, size = (socket.AF_INET6, 16) if ":" in address else (socket.AF_INET, 4)
    block = socket.inet_pton(family, address) + bytes(size) + struct.pack(">HH", port, 443) + tlv
    return SIGNATURE + bytes([0x21, 0x21 if size == 16 else 0x11]) + struct.pack(">H", len(block)) + block


class AnnouncingProxy(targets.Target):
    """Passes connections on to `to` (host, port), each behind `header`; None: no header. The header may be changed while it runs."""

    def __init__(self, to, header, host="127.0.0.1"):
        super().__init__(host)
        self.to, self.header = to, header

    @property
    def place(self):
        return self.host, self.port

    def onward(self):
        return socket.create_connection(self.to, timeout=self.timeout)

    def handle(self, connection):
        with self.onward() as onward:
            onward.sendall(self.header or b"")
            back = threading.Thread(target=self._pass, args=(onward, connection), daemon=True)
            back.start()
            self._pass(connection, onward)
            back.join(self.timeout)

    @staticmethod
    def _pass(source, sink):
        try:
            while chunk := source.recv(65536):
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for sock in (source, sink):
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
