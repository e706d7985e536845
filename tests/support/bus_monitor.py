"""What root can see of a bus: every message as it is, and what stands behind every descriptor that travels in one.

dbus-monitor takes no descriptors, so this speaks the protocol itself (D-Bus specification: "Authentication Protocol", "Message
Format", org.freedesktop.DBus.Monitoring). What goes through a pipe or a socket cannot be read without taking it from the receiver:
of those only the kind is noted.
"""

import array
import os
import re
import socket
import stat
import struct
import threading

import harness

CALL = 1
PATH, INTERFACE, MEMBER, DESTINATION, SIGNATURE = 1, 2, 3, 6, 8
bus = "org.freedesktop.DBus"
most_descriptors = 253  # SCM_MAX_FD of Linux


def _padded(data, to):
    return data + b"\0" * (-len(data) % to)


def _string(text):
    return struct.pack("<I", len(text)) + text.encode() + b"\0"


def _call(serial, member, interface=bus, signature="", body=b""):
    fields = b""
    for code, kind, text in ((PATH, "o", "/org/freedesktop/DBus"), (DESTINATION, "s", bus), (INTERFACE, "s", interface),
                             (MEMBER, "s", member), (SIGNATURE, "g", signature)):
        value = struct.pack("B", len(text)) + text.encode() + b"\0" if kind == "g" else _string(text)
        fields = _padded(fields, 8) + bytes([code, 1]) + kind.encode() + b"\0" + value
    return _padded(struct.pack("<cBBBIII", b"l", CALL, 0, 1, len(body), serial, len(fields)) + fields, 8) + body


def _behind(descriptor):
    """(kind, content) of an open file; closes it."""
    with os.fdopen(descriptor, "rb", closefd=True) as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            return ("socket" if stat.S_ISSOCK(mode) else "pipe" if stat.S_ISFIFO(mode) else "other", b"")
        return "file", os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)


class BusMonitor:
    """From its making until the test ends."""

    def __init__(self, case, address):
        self._lock = threading.Lock()
        self._messages = bytearray()
        self._descriptors = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(20)
        self._socket.connect(re.search(r"path=([^,]+)", address)[1])
        self._authenticate()
        self._socket.sendall(_call(1, "Hello") + _call(2, "BecomeMonitor", f"{bus}.Monitoring", "asu", struct.pack("<II", 0, 0)))
        self._socket.settimeout(None)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        case.addCleanup(self.stop)
        # A monitor loses its name: what comes after that is of others.
        harness.wait_until(lambda: b"NameLost" in self.messages, what="the bus makes a monitor of us")

    def _authenticate(self):
        for line, answer in ((b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode(), b"OK"),
                             (b"NEGOTIATE_UNIX_FD", b"AGREE_UNIX_FD")):
            self._socket.sendall(line + b"\r\n")
            got = self._socket.recv(1024)
            if not got.startswith(answer):
                raise AssertionError(f"the bus says {got!r}")
        self._socket.sendall(b"BEGIN\r\n")

    def _read(self):
        room = socket.CMSG_SPACE(most_descriptors * array.array("i").itemsize)
        while True:
            data, ancillary, _, _ = self._socket.recvmsg(65536, room)
            if not data:
                return
            came = array.array("i")
            for level, kind, content in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    came.frombytes(content[:len(content) - len(content) % came.itemsize])
            seen = [_behind(one) for one in came]
            with self._lock:
                self._messages += data
                self._descriptors += seen

    def stop(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    @property
    def messages(self):
        """Every byte of every message so far."""
        with self._lock:
            return bytes(self._messages)

    @property
    def descriptors(self):
        """[(file|pipe|socket|other, content of a file)] in the order in which they came."""
        with self._lock:
            return list(self._descriptors)

    def wait_for(self, mark):
        harness.wait_until(lambda: mark in self.messages, what=f"{mark!r} on the bus")

    def sees(self, secret):
        """The 8-byte slices of a secret that went over the bus or stood behind a descriptor."""
        everything = [self.messages, *(content for _, content in self.descriptors)]
        slices = (secret[i:i + 8] for i in range(len(secret) - 7))
        return [one for one in slices if any(one in place for place in everything)]
