"""Restarts of alknet-listend under a service manager that keeps its descriptors (service_manager.py)."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import harness
import targets
from knocking import Knocking
from programs import alive
from service_manager import ServiceManager


class Transfer(threading.Thread):
    """One session that moves bytes there and back for as long as it is told to."""

    def __init__(self, command):
        super().__init__()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.done, self.bytes, self.error = threading.Event(), 0, None

    def run(self):
        block = os.urandom(8192)
        while not self.done.is_set():
            try:
                self.process.stdin.write(block)
                got = b""
                while len(got) < len(block):
                    piece = self.process.stdout.read(len(block) - len(got))
                    if not piece:
                        raise OSError("the channel ended")
                    got += piece
                if got != block:
                    raise OSError("other bytes came back")
                self.bytes += len(block)
            except OSError as error:
                self.error = error
                return

    def stop(self):
        self.done.set()
        self.join(30)
        self.process.kill()
        self.process.communicate()


class Case(harness.Case):
    penalties = 'exempt = ["127.0.0.0/8"]'  # whoever knocks comes from one address and never logs in

    def setUp(self):
        super().setUp()
        harness.require("ssh")
        (self.dir / "authorized_keys").write_text(harness.make_key(self.dir / "key") + "\n")
        harness.make_key(self.dir / "host_key")
        self.config = self.dir / "alknet.toml"
        self.config.write_text(
            f'[auth]\nhost_key = "{self.dir}/host_key"\n[auth.ssh]\nauthorized_keys = ["{self.dir}/authorized_keys"]\n'
            f'[[listeners]]\nname = "ssh"\ntransport = "tcp"\n[limits.penalties]\n{self.penalties}\n')
        self.echo = self.target(targets.Echo())
        self.address = self.start_bus()
        authd = self.start("authd", [harness.binary("alknet-authd"), "--config", self.config, "--bus-address", self.address])
        authd.wait_line("server running")
        self.socket = harness.listening_socket()
        self.addCleanup(self.socket.close)
        self.manager = ServiceManager(self.dir / "notify")
        self.addCleanup(self.end_everything)
        self.starts = 0
        self.listend = self.start_listend()

    def end_everything(self):
        engines = [pid for _, pid in self.manager.engines()]
        self.manager.close()
        for pid in engines:  # the stored ends are closed: the word to stop
            harness.wait_until(lambda pid=pid: not alive(pid), what="an engine's end")

    def launch(self):
        self.manager.drop_hung_up()
        self.starts += 1
        return self.start(f"listend{self.starts}",
                          [harness.binary("alknet-listend"), "--config", self.config, "--bus-address", self.address],
                          sockets={**self.manager.stored, "ssh": self.socket},
                          env=self.manager.environment())

    def start_listend(self):
        before = len(self.manager.statuses)
        program = self.launch()
        self.manager.wait_ready(before + 1)
        return program

    def end_listend(self, number=signal.SIGTERM):
        os.kill(self.listend.pid, number)
        harness.wait_until(lambda: not self.listend.running(), what="the supervisor's end")

    def ssh(self):
        port = self.socket.getsockname()[1]
        return ["ssh", "-F", "none", "-i", str(self.dir / "key"), "-p", str(port), "-o", "StrictHostKeyChecking=no",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
                "-o", "LogLevel=ERROR", "-W", self.echo.address, "me@127.0.0.1"]

    def transfer(self):
        transfer = Transfer(self.ssh())
        self.addCleanup(transfer.stop)
        transfer.start()
        harness.wait_until(lambda: transfer.bytes > 0 or transfer.error, what="the first bytes")
        return transfer

    def sessions(self):
        """Generation of every session, as the bus tells it."""
        out = self.run_program(["busctl", f"--address={self.address}", "--json=short", "call", "org.alknet.Listen1",
                                "/org/alknet/Listen1", "org.alknet.Listen1", "ListSessions"]).stdout
        return sorted(session["generation"]["data"] for session in json.loads(out)["data"][0])

    def property(self, name):
        return self.run_program(["busctl", f"--address={self.address}", "get-property", "org.alknet.Listen1",
                                 "/org/alknet/Listen1", "org.alknet.Listen1", name]).stdout.decode().strip()


class Restarts(Case):
    def test_ten_restarts_under_load_lose_nobody(self):
        knocking = Knocking(self.socket.getsockname())
        knocking.start()
        transfers = [self.transfer(), self.transfer()]
        for number in range(2, 12):
            self.end_listend()
            self.listend = self.start_listend()
            self.assertEqual(self.manager.engines()[-1][0], number)
            if number == 5:
                transfers.append(self.transfer())
        knocking.done.set()
        knocking.join(60)
        print(f"# {knocking.good} connections, longest wait {knocking.longest * 1000:.0f} ms")
        self.assertEqual(knocking.bad, [])
        self.assertGreater(knocking.good, 50)
        before = [transfer.bytes for transfer in transfers]
        harness.wait_until(lambda: all(now.bytes > then for now, then in zip(transfers, before)), what="transfers go on")
        self.assertEqual([transfer.error for transfer in transfers], [None] * 3)
        self.assertEqual(self.sessions(), [1, 1, 5])
        # Counts come with the engines' beats, once a second.
        harness.wait_until(lambda: self.property("Sessions") == "u 3", what="the count of all sessions")
        # Engines without a connection are gone; the others are still there.
        harness.wait_until(lambda: len([pid for _, pid in self.manager.engines() if alive(pid)]) == 3, what="three engines")

    def counted(self, name):
        """The sum over all series of a metric."""
        text = self.run_program([harness.binary("alknetctl"), "--bus-address", self.address, "metrics"]).stdout.decode()
        return sum(int(line.rsplit(" ", 1)[1]) for line in text.splitlines() if re.match(name + r"[{ ]", line))

    def test_counts_go_on_over_restarts(self):
        logins, up = "alknet_logins_accepted_total", "alknet_forwarded_bytes_total"
        stays = self.transfer()
        for number in range(2, 5):
            self.transfer().stop()
            self.assertEqual(self.counted(logins), number)
            bytes_before = self.counted(up)
            self.end_listend(signal.SIGTERM if number % 2 else signal.SIGKILL)
            self.listend = self.start_listend()
            self.assertGreaterEqual(self.counted(up), bytes_before)
            # Those without a session go, the one with `stays` does not.
            harness.wait_until(lambda n=number: [g for g, _ in self.running_engines()] == [1, n], what="the old engine's end")
            self.assertEqual(self.counted(logins), number)
            self.assertGreaterEqual(self.counted(up), bytes_before)
        self.assertIsNone(stays.error)

    def running_engines(self):
        return [(generation, pid) for generation, pid in self.manager.engines() if alive(pid)]

    def test_a_killed_supervisor_loses_no_session(self):
        transfer = self.transfer()
        knocking = Knocking(self.socket.getsockname())
        knocking.start()
        self.end_listend(signal.SIGKILL)
        time.sleep(0.3)  # a while without any supervisor
        self.listend = self.start_listend()
        knocking.done.set()
        knocking.join(60)
        self.assertEqual(knocking.bad, [])
        self.assertEqual(self.sessions(), [1])
        self.assertIsNone(transfer.error)

    def test_a_start_that_fails_leaves_the_old_engine_serving(self):
        transfer = self.transfer()
        good = self.config.read_text()
        self.end_listend()
        self.config.write_text("not toml at all\n")
        for least in (0, 0.4, 0.8):  # whoever fails again rests before it ends
            began = time.monotonic()
            failing = self.launch()
            harness.wait_until(lambda failing=failing: not failing.running(), what="the failure")
            self.assertEqual(failing.returncode, 1)
            self.assertGreaterEqual(time.monotonic() - began, least)
            fresh = self.transfer()  # a login, too
            fresh.stop()
            self.assertIsNone(fresh.error)
        self.config.write_text(good)
        self.listend = self.start_listend()
        self.assertIsNone(transfer.error)
        self.assertEqual(self.sessions(), [1])
        self.assertNotIn("failed-starts", self.manager.stored)

    def test_reload_and_disconnect_reach_an_older_generation(self):
        transfer = self.transfer()
        self.end_listend()
        self.listend = self.start_listend()
        self.assertEqual(self.sessions(), [1])
        (self.dir / "authorized_keys").write_text(harness.make_key(self.dir / "other") + "\n")
        self.run_program(["busctl", f"--address={self.address}", "call", "org.alknet.Listen1", "/org/alknet/Listen1",
                          "org.alknet.Listen1", "Reload"])
        harness.wait_until(lambda: transfer.error, what="the revoked session ends")
        self.assertEqual(self.sessions(), [])

    def test_what_is_no_longer_kept_ends(self):
        transfer = self.transfer()
        engine = self.manager.engines()[0][1]
        self.end_listend()
        self.assertTrue(alive(engine))
        self.manager.drop_all()
        harness.wait_until(lambda: not alive(engine), what="the engine's end")
        harness.wait_until(lambda: transfer.error, what="the session's end")

    def test_a_frozen_old_engine_is_killed(self):
        self.transfer()
        engine = self.manager.engines()[0][1]
        os.kill(engine, signal.SIGSTOP)
        self.end_listend()
        self.listend = self.start_listend()
        harness.wait_until(lambda: not alive(engine), what="the end of the frozen one")
        self.transfer()


class Penalised(Case):
    penalties = 'auth_failure = "1h"\nprotocol_error = "1h"\nno_auth = "0s"\nmax = "1h"'

    def listed(self):
        """What the bus lists: source, seconds that are left, connections that were refused."""
        out = self.run_program(["busctl", f"--address={self.address}", "--json=short", "call", "org.alknet.Listen1",
                                "/org/alknet/Listen1", "org.alknet.Listen1", "ListPenalties"]).stdout
        return [(one["source"]["data"], one["left"]["data"], one["refused"]["data"]) for one in json.loads(out)["data"][0]]

    def clear(self):
        self.run_program(["busctl", f"--address={self.address}", "call", "org.alknet.Listen1", "/org/alknet/Listen1",
                          "org.alknet.Listen1", "ClearPenalties", "s", "127.0.0.1"])

    def fail_to_log_in(self):
        harness.make_key(self.dir / "stranger")
        self.run_program([str(self.dir / "stranger") if part == str(self.dir / "key") else part for part in self.ssh()],
                         check=255, stdin=subprocess.DEVNULL)

    def greeting(self):
        try:
            with socket.create_connection(self.socket.getsockname(), timeout=20) as sock:
                return sock.recv(4)
        except OSError:
            return b""

    def test_no_restart_frees_a_source(self):
        transfer = self.transfer()  # keeps the first generation
        self.fail_to_log_in()
        harness.wait_until(self.listed, what="the penalty")
        self.assertEqual(self.greeting(), b"")
        for generation, number in enumerate((signal.SIGTERM, signal.SIGKILL), 2):
            ((_, before, refused),) = self.listed()
            self.end_listend(number)
            self.listend = self.start_listend()
            self.assertEqual(self.manager.engines()[-1][0], generation)
            self.assertEqual(self.greeting(), b"")
            ((source, left, still_refused),) = self.listed()
            self.assertEqual(source, "127.0.0.1")
            self.assertTrue(3000 < left <= before, (before, left))
            self.assertGreaterEqual(still_refused, refused)
        self.clear()  # in every generation: none hands it over again
        self.assertEqual(self.listed(), [])
        self.assertEqual(self.greeting(), b"SSH-")
        self.end_listend()
        self.listend = self.start_listend()
        self.assertEqual(self.listed(), [])
        self.assertIsNone(transfer.error)

    def test_who_fails_in_an_older_generation_is_refused_by_the_new_one(self):
        transfer = self.transfer()
        port = self.socket.getsockname()
        with socket.create_connection(port, timeout=20) as early:
            self.assertEqual(early.recv(4), b"SSH-")
            self.end_listend()
            self.listend = self.start_listend()
            self.assertEqual(self.greeting(), b"SSH-")
            early.sendall(b"SSH-2.0-x\r\n" + b"\xff" * 4096)
        harness.wait_until(lambda: self.greeting() == b"", what="the new one refuses")
        self.assertEqual([source for source, _, _ in self.listed()], ["127.0.0.1"])
        self.assertIsNone(transfer.error)


if __name__ == "__main__":
    harness.main()
