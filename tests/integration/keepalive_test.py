"""A peer that vanished without a word is noticed, and one that is merely silent is not."""

import os
import signal
import threading

import harness
import targets


class Keepalive(harness.Case):
    def setUp(self):
        super().setUp()
        harness.require("ssh")
        self.server = self.serve()
        self.server.configure("[limits]\nkeepalive_interval = \"1s\"\nkeepalive_count_max = 2\n")

    def closed(self):
        return [line for line in self.server.program.lines() if "connection closed" in line]

    def test_a_frozen_client_is_dropped_and_a_silent_one_stays(self):
        echo = self.target(targets.Echo())
        silent = self.server.ssh_forward("-L", f"{self.dir}/silent:{echo.address}", name="silent")
        frozen = self.server.ssh_forward("-L", f"{self.dir}/frozen:{echo.address}", name="frozen")
        os.kill(frozen.pid, signal.SIGSTOP)
        try:
            harness.wait_until(self.closed, timeout=20, what="the end of the frozen client's connection")
            # As long again: a client that answers is left alone.
            threading.Event().wait(4)
            self.assertEqual(len(self.closed()), 1)
            self.assertTrue(silent.running())
        finally:
            os.kill(frozen.pid, signal.SIGCONT)


if __name__ == "__main__":
    harness.main()
