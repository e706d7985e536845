"""A service manager that keeps descriptors, as far as our daemons can tell: NOTIFY_SOCKET takes what they store (FDSTORE=1), and
the next start gets it back among its LISTEN_FDS, if the test passes `stored` on."""

import array
import os
import select
import socket
import threading


class ServiceManager(threading.Thread):
    """stored: {name: file or socket}. statuses: the STATUS= of every READY=1."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.keeps_copies, self.copies = False, {}  # of files that were ever stored
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.stored, self.statuses, self.done = {}, [], False
        self.changed = threading.Condition(threading.RLock())
        self.start()

    def run(self):
        while not self.done:
            if not select.select([self.socket], [], [], 0.2)[0]:
                continue
            data, ancillary, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(16 * 4))
            numbers = array.array("i")
            for level, kind, content in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    numbers.frombytes(content[:len(content) - len(content) % numbers.itemsize])
            self.take(dict(line.split("=", 1) for line in data.decode().splitlines()), list(numbers))

    def take(self, lines, numbers):
        with self.changed:
            if lines.get("FDSTORE") == "1":
                self.store(lines["FDNAME"], numbers.pop(0))
            if lines.get("FDSTOREREMOVE") == "1":
                self.drop(lines["FDNAME"])
            if "READY" in lines:
                self.statuses.append(lines.get("STATUS"))
            self.changed.notify_all()
        for number in numbers:  # BARRIER=1: closing it is the answer
            os.close(number)

    def store(self, name, number):
        self.stored[name] = socket.socket(fileno=number) if name.startswith("gen-") else os.fdopen(number, "rb+", buffering=0)
        if self.keeps_copies and not name.startswith("gen-"):
            self.copies[name] = os.fdopen(os.dup(number), "rb+", buffering=0)

    def kept(self, prefix):
        """Names of what is stored and begins so."""
        with self.changed:
            return sorted(name for name in self.stored if name.startswith(prefix))

    def drop_all(self):
        """What systemd does at a stop."""
        with self.changed:
            for name in list(self.stored):
                self.drop(name)

    def drop(self, name):
        if name in self.stored:
            self.stored.pop(name).close()

    def drop_hung_up(self):
        """systemd watches what it keeps."""
        with self.changed:
            for name, kept in list(self.stored.items()):
                poll = select.poll()
                poll.register(kept, 0)
                if any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0)):
                    self.drop(name)

    def wait_ready(self, count):
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.statuses) >= count, timeout=60):
                raise AssertionError("the supervisor does not become ready")

    def environment(self):
        """Of a program that is to believe in it."""
        return {"NOTIFY_SOCKET": self.path, "INVOCATION_ID": "0" * 32}

    def engines(self):
        """Generation and process id of everything that is stored."""
        with self.changed:
            return sorted(tuple(int(part) for part in name.split("-")[1:]) for name in self.stored if name.startswith("gen-"))

    def close(self):
        self.done = True
        self.join()
        self.drop_all()
        for copy in self.copies.values():
            copy.close()
        self.socket.close()
