"""Newer packages while people work: ten times, all packages at once."""

import threading

import harness
import story
import targets
from load import Load


class Transfer:
    """Bytes through one channel to an echo service and back, without a pause, until the block ends."""

    def __init__(self, sock):
        self.sock, self.rounds, self.error = sock, 0, None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join(60)

    def _run(self):
        try:
            while not self._ended.is_set():
                sent = targets.pattern_bytes(50_000, self.rounds)
                self.sock.sendall(sent)
                if harness.receive_exactly(self.sock, len(sent)) != sent:
                    raise OSError("other bytes came back")
                self.rounds += 1
        except OSError as error:
            self.error = error


class Upgrade(story.Case):
    def test_ten_upgrades_under_load_lose_nobody(self):
        server, client = self.running_server()
        echo = self.target_in(server, targets.Echo)
        _, path = client.forward(echo)
        sock = client.open(path)
        self.addCleanup(sock.close)
        with Transfer(sock) as transfer, Load(client) as load:
            for number in range(10):
                before = transfer.rounds
                self.install_files(server, self.later_packages(f"+{number}"))
                load.wait_served(3, harness.wait_until)
                harness.wait_until(lambda: transfer.error or transfer.rounds > before, what="the transfer goes on")  # noqa: B023
        self.assertIsNone(transfer.error)
        self.assertEqual((load.refused, load.broken), (0, []))
        version = server.look(["dpkg-query", "-W", "-f", "${Version}", "alknet-listend"])
        self.assertTrue(version.endswith("+9"), version)
        self.assertTrue(client.ssh_admits())


if __name__ == "__main__":
    harness.main()
