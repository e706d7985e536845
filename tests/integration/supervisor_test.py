"""alknet-listend is a supervisor and an engine: what happens when one of them dies, freezes or is told to stop."""

import ctypes
import json
import os
import signal
import socket
import time
import unittest

import harness
import served
import targets
from knocking import Knocking
from programs import alive


def freeze_workers(pid):
    """Every thread but the main one, as a loop that never comes back would; they go on when we end."""
    seize, interrupt = 0x4206, 0x4207
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    for thread in os.listdir(f"/proc/{pid}/task"):
        if int(thread) == pid:
            continue
        for request in (seize, interrupt):
            if ptrace(request, int(thread), 0, 0) != 0:
                raise unittest.SkipTest(f"threads cannot be stopped here: ptrace: {os.strerror(ctypes.get_errno())}")


class Supervisor(harness.Case):
    def setUp(self):
        super().setUp()
        harness.require("ssh")
        self.server = self.serve()
        self.server.never_penalise()
        self.engine = self.server.engine()
        self.assertTrue(self.engine)

    def wait_for_another(self):
        harness.wait_until(lambda: (self.server.engine() or self.engine) != self.engine, timeout=30, what="another engine")

    def reaches(self):
        web = self.target(targets.Http())
        done = self.run_program(["ssh", "-W", web.address, *self.server.ssh_options()], stdin=None,
                                input=b"GET / HTTP/1.0\r\n\r\n")
        self.assertIn(web.body, done.stdout)

    def test_a_killed_engine_is_replaced_and_nobody_is_refused(self):
        knocking = Knocking(self.server.ssh)
        knocking.start()
        for _ in range(3):
            self.engine = self.server.engine()
            before = knocking.good
            os.kill(self.engine, signal.SIGKILL)
            self.wait_for_another()
            harness.wait_until(lambda: knocking.good > before + 20, timeout=30, what="connections")
        knocking.stop()
        # Whoever the dead engine had accepted is closed; in between nobody is refused.
        self.assertEqual([what for what in knocking.bad if "Refused" in what], [])
        self.assertLessEqual(len(knocking.bad), 3)
        self.reaches()
        session = self.server.ssh_forward("-L", f"{self.dir}/forward:127.0.0.1:1")
        listed, = json.loads(self.server.ctl("sessions", "--json").stdout)
        self.assertEqual(listed["generation"], 4)
        self.server.ctl("disconnect", str(listed["id"]))
        harness.wait_until(lambda: not session.running(), what="the session ends")

    def test_a_new_engine_works_with_the_configuration_in_force(self):
        self.server.configure('[forwarding]\ndefault = "deny"\n')
        self.server.drop_in.write_text("not toml at all\n")  # the disk does not matter any more
        os.kill(self.engine, signal.SIGKILL)
        self.wait_for_another()
        done = self.run_program(["ssh", "-W", "127.0.0.1:9", *self.server.ssh_options()], stdin=None, input=b"", check=255)
        self.assertIn(b"administratively prohibited", done.stderr)

    def test_a_frozen_engine_is_replaced(self):
        os.kill(self.engine, signal.SIGSTOP)
        began = time.monotonic()
        with socket.create_connection(self.server.ssh, timeout=30) as waiting:
            self.wait_for_another()
            self.assertEqual(waiting.recv(4), b"SSH-")
        print(f"# replaced after {time.monotonic() - began:.1f} s")
        self.assertFalse(alive(self.engine))
        self.reaches()

    def test_an_engine_whose_workers_hang_is_replaced(self):
        freeze_workers(self.engine)
        began = time.monotonic()
        harness.wait_until(lambda: (self.server.engine() or self.engine) != self.engine, timeout=60, what="another engine")
        print(f"# replaced after {time.monotonic() - began:.1f} s")
        self.assertFalse(alive(self.engine))
        self.reaches()

    def test_a_frozen_engine_does_not_hold_up_the_stop(self):
        os.kill(self.engine, signal.SIGSTOP)
        began = time.monotonic()
        os.kill(self.server.program.pid, signal.SIGTERM)
        harness.wait_until(lambda: not self.server.program.running(), timeout=20, what="the end")
        self.assertLess(time.monotonic() - began, 6)
        self.assertEqual(self.server.program.returncode, 0)
        harness.wait_until(lambda: not alive(self.engine), what="the engine's end")

    def test_an_engine_without_a_supervisor_ends(self):
        self.server.ssh_forward("-L", f"{self.dir}/forward:127.0.0.1:1")
        os.kill(self.server.children("alknet-listend"), signal.SIGKILL)
        harness.wait_until(lambda: not alive(self.engine), timeout=20, what="the engine's end")


if __name__ == "__main__":
    harness.main()
