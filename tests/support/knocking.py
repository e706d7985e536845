"""A crowd at the door: whether anybody was refused while daemons came and went."""

import socket
import threading
import time


class Knocking(threading.Thread):
    """New connections, one after the other, each with the server's greeting; `bad` collects what was not served."""

    def __init__(self, address):
        super().__init__()
        self.address, self.bad, self.good, self.longest, self.done = address, [], 0, 0.0, threading.Event()

    def run(self):
        while not self.done.is_set():
            began = time.monotonic()
            try:
                with socket.create_connection(self.address, timeout=30) as sock:
                    if sock.recv(4) == b"SSH-":
                        self.good += 1
                    else:
                        self.bad.append(f"closed after {time.monotonic() - began:.3f} s")
            except OSError as error:
                self.bad.append(repr(error))
            self.longest = max(self.longest, time.monotonic() - began)

    def stop(self):
        self.done.set()
        self.join(60)
        print(f"# {self.good} connections, longest wait {self.longest * 1000:.0f} ms, bad: {self.bad}")
