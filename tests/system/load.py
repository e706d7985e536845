"""People who come all the time: connections to port 443 from another network, one after the other, each served to the end."""

import threading
import time


class Load:
    """`with Load(client) as load:` runs it meanwhile. served: how many got their page. refused: nobody listened. broken: what
    went wrong otherwise, as text. longest: the longest wait of a served one, in seconds."""

    def __init__(self, client, threads=2):
        self.client, self.served, self.refused, self.broken, self.longest = client, 0, 0, [], 0.0
        self._lock, self._over = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self):
        self.client.network.enter()
        while not self._over.is_set():
            began = time.monotonic()
            try:
                self._visit()
                refused, broken = 0, []
            except ConnectionRefusedError:
                refused, broken = 1, []
            except OSError as error:  # ssl.SSLError and TimeoutError are such, too
                refused, broken = 0, [repr(error)]
            with self._lock:
                self.refused += refused
                self.broken += broken
                if not refused and not broken:
                    self.served += 1
                    self.longest = max(self.longest, time.monotonic() - began)
            self._over.wait(0.01)  # a stream of visitors, not a contest for the processor

    def _visit(self):
        with self.client.tls() as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = b""
            while chunk := sock.recv(65536):
                answer += chunk
        if not answer.startswith(b"HTTP/1.1 404 "):
            raise OSError(f"answered {answer[:60]!r}")

    def wait_served(self, more, until):
        """Until so many more have been served; `until` is the harness's wait_until."""
        goal = self.served + more
        until(lambda: self.served >= goal, what=f"{more} more connections served; {self.broken[-3:]}")
