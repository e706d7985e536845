"""What is in force survives a crash: a daemon that is killed comes back with it, whatever was done to the files meanwhile. What
was asked to end begins anew from the disk."""

import json
import os
import signal
import threading
import time

import harness
import targets
from service_manager import ServiceManager


class Unit:
    """A daemon that a service manager of its own starts, keeps descriptors for and starts again."""

    def __init__(self, case, name, sockets=()):
        self.case, self.name, self.sockets, self.starts, self.program = case, name, dict(sockets), 0, None
        self.manager = ServiceManager(case.dir / f"{name}.notify")
        case.addCleanup(self.manager.close)

    def start(self):
        self.manager.drop_hung_up()
        self.starts += 1
        before = len(self.manager.statuses)
        self.program = self.case.start(f"{self.name}{self.starts}", [
            harness.binary(self.name), "--config", self.case.config, "--bus-address", self.case.address],
            sockets={**self.manager.stored, **self.sockets}, env=self.manager.environment())
        self.manager.wait_ready(before + 1)
        return self.program

    def end(self, number):
        os.kill(self.program.pid, number)
        harness.wait_until(lambda: not self.program.running(), what=f"the end of {self.name}")

    def crash(self):
        self.end(signal.SIGKILL)
        return self.start()


class Committed(harness.Case):
    def setUp(self):
        super().setUp()
        harness.require("ssh", "busctl")
        self.keys, self.config = self.dir / "authorized_keys", self.dir / "alknet.toml"
        self.lines = {name: harness.make_key(self.dir / name) for name in ("one", "two")}
        harness.make_key(self.dir / "host_key")
        self.allow("one")
        self.configure()
        self.echo = self.target(targets.Echo())
        self.address = self.start_bus()
        self.socket = harness.listening_socket()
        self.addCleanup(self.socket.close)
        self.authd = Unit(self, "alknet-authd")
        self.authd.start()
        self.listend = Unit(self, "alknet-listend", {"ssh": self.socket})
        self.listend.start()

    def allow(self, name):
        self.keys.write_text(self.lines[name] + "\n")

    def configure(self, extra=""):
        self.config.write_text(f'[auth]\nhost_key = "{self.dir}/host_key"\n[auth.ssh]\nauthorized_keys = ["{self.keys}"]\n'
                               f'[[listeners]]\nname = "ssh"\ntransport = "tcp"\n{extra}')

    def ask(self, *what, check=0):
        return self.run_program(["busctl", f"--address={self.address}", *what], check=check).stdout.decode().strip()

    def property(self, daemon, name):
        return self.ask("get-property", f"org.alknet.{daemon}1", f"/org/alknet/{daemon}1", f"org.alknet.{daemon}1", name)

    def reload(self, check=0):
        self.ask("call", "org.alknet.Listen1", "/org/alknet/Listen1", "org.alknet.Listen1", "Reload", check=check)

    def admits(self, name):
        port = self.socket.getsockname()[1]
        done = self.run_program(["ssh", "-F", "none", "-i", self.dir / name, "-p", port, "-o", "StrictHostKeyChecking=no",
                                 "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
                                 "-W", self.echo.address, "me@127.0.0.1"], check=None, input=b"x", stdin=None)
        if b"Permission denied" in done.stderr:
            return False
        self.assertEqual(done.stdout, b"x", done.stderr)
        return True

    def apart(self):
        return "alknet-authd has another configuration" in self.property("Listen", "Warnings")

    def assert_equal_digests(self):
        self.assertEqual(self.property("Auth", "ConfigDigest"), self.property("Listen", "ConfigDigest"))

    def assert_equal_daemons(self):
        self.assert_equal_digests()
        self.assertEqual(self.property("Auth", "Generation"), self.property("Listen", "Generation"))


class Authd(Committed):
    def test_a_crash_does_not_put_edited_files_into_force(self):
        self.configure("[limits]\nmax_auth_attempts = 7\n")
        self.reload()
        self.assert_equal_daemons()
        digest = self.property("Auth", "ConfigDigest")
        self.allow("two")
        for text in ("not toml at all\n", None):
            self.config.unlink() if text is None else self.config.write_text(text)
            self.authd.crash().wait_line("that was in force goes on")
            self.assertTrue(self.admits("one"))
            self.assertFalse(self.admits("two"))
            self.assertEqual(self.property("Auth", "ConfigDigest"), digest)
            self.assert_equal_daemons()
            self.assertEqual(len(self.authd.manager.kept("committed-")), 1)
        self.configure()
        self.reload()
        self.assertTrue(self.admits("two"))
        self.assert_equal_daemons()
        self.authd.crash()
        self.assertTrue(self.admits("two"))
        self.assert_equal_daemons()

    def test_whoever_is_asked_to_end_begins_from_the_disk(self):
        self.allow("two")
        self.authd.end(signal.SIGTERM)
        self.assertEqual(self.authd.program.returncode, 0)
        self.assertEqual(self.authd.manager.kept("committed-"), [])
        self.authd.start()
        self.assertFalse(self.admits("one"))
        self.assertTrue(self.admits("two"))
        self.assertFalse(self.apart())

    def test_daemons_that_are_apart_are_told_of_until_a_reload(self):
        self.configure("[limits]\nmax_auth_attempts = 7\n")
        self.authd.end(signal.SIGTERM)
        self.authd.start()
        harness.wait_until(self.apart, what="the warning")
        self.listend.crash()
        harness.wait_until(self.apart, what="the warning again")
        self.reload()
        self.assert_equal_daemons()
        self.assertFalse(self.apart())

    def test_a_restart_with_unusable_files_keeps_what_is_in_force(self):
        self.allow("two")
        self.config.write_text("not toml at all\n")
        self.authd.end(signal.SIGTERM)
        self.assertIn(f"{self.config}:1", self.authd.program.text())
        self.assertIn("kept for the next start", self.authd.program.text())
        self.authd.start()
        self.assertIn("what was in force before", self.authd.manager.statuses[-1])
        self.assertTrue(self.admits("one"))
        self.assertFalse(self.admits("two"))
        self.configure()
        self.authd.end(signal.SIGTERM)
        self.authd.start()
        self.assertTrue(self.admits("two"))

    def test_a_stop_forgets(self):
        self.authd.end(signal.SIGKILL)
        self.authd.manager.drop_all()
        self.allow("two")
        self.authd.start()
        self.assertFalse(self.admits("one"))
        self.assertTrue(self.admits("two"))


class Supervisor(Committed):
    def limit(self):
        """limits.max_auth_attempts in force."""
        out = self.ask("--json=short", "call", "org.alknet.Listen1", "/org/alknet/Listen1", "org.alknet.Listen1", "GetLimits")
        return {limit["name"]["data"]: limit["value"]["data"] for limit in json.loads(out)["data"][1]}["max_auth_attempts"]

    def test_a_crash_does_not_put_edited_files_into_force(self):
        self.configure("[limits]\nmax_auth_attempts = 7\n")
        self.reload()
        self.assert_equal_daemons()
        digest = self.property("Listen", "ConfigDigest")
        later = '[limits]\nmax_auth_attempts = 8\n[[listeners]]\nname = "more"\ntransport = "tcp"\n'
        for text in ("not toml at all\n", None):
            self.config.write_text(text) if text else self.configure(later)
            self.listend.crash().wait_line("that was in force goes on")
            self.assertEqual((self.property("Listen", "ConfigDigest"), self.limit()), (digest, 7))
            self.assert_equal_daemons()
            self.assertTrue(self.admits("one"))
            self.assertEqual(len(self.listend.manager.kept("committed-")), 1)
        self.reload()
        self.assertEqual(self.limit(), 8)
        # A crash is not the restart that a new listener waits for.
        self.listend.crash()
        self.assertEqual(self.limit(), 8)
        self.assertNotIn('"more"', self.property("Listen", "Listeners"))
        self.assertIn("waits for a restart", self.property("Listen", "Warnings"))
        self.listend.end(signal.SIGTERM)
        self.assertEqual(self.listend.manager.kept("committed-"), [])
        self.listend.start()
        self.assertIn('"more"', self.property("Listen", "Listeners"))
        self.assert_equal_digests()

    def crash_around_commit(self, authd_has_it):
        """The supervisor dies when it has kept what is to be, and before it has what is."""
        manager = self.listend.manager
        manager.keeps_copies = True
        self.reload()  # so that a copy of what is in force is there
        before, = manager.kept("committed-")
        if authd_has_it:
            self.configure("[limits]\nmax_auth_attempts = 7\n")
            self.reload()
        else:
            self.configure("[limits]\nmax_auth_attempts = 7\n")
            self.reload()
            self.configure()
            self.reload()
            before, = manager.kept("committed-")
        prepared = sorted(name for name in manager.copies if name.startswith("prepared-"))[1]
        self.listend.end(signal.SIGKILL)
        with manager.changed:
            for name in manager.kept("committed-"):
                manager.drop(name)
            for name in (before, prepared):
                manager.stored[name] = os.fdopen(os.dup(manager.copies[name].fileno()), "rb+", buffering=0)
        self.config.write_text("not toml at all\n")
        self.listend.start()
        self.assert_equal_digests()
        self.assertEqual(manager.kept("prepared-"), [])

    def test_what_authd_has_committed_is_committed_here_too(self):
        self.crash_around_commit(authd_has_it=True)
        self.assertEqual(self.limit(), 7)
        self.assert_equal_daemons()

    def test_what_authd_has_not_committed_is_not_committed_here(self):
        self.crash_around_commit(authd_has_it=False)
        self.assertEqual(self.limit(), 10)


class Monitor:
    """The calls to authd, as they pass the bus."""

    def __init__(self, case):
        self.program = case.start("monitor", ["busctl", f"--address={case.address}", "--json=short", "monitor", "org.alknet.Auth1"])
        # It says nothing when it is there: a call of ours that is seen is the sign.
        harness.wait_until(lambda: case.property("Auth", "Version") and self.calls("Get"), what="the monitor sees")

    def calls(self, member):
        lines = [line for line in self.program.lines("out") if line.endswith("}")]
        return [message for message in map(json.loads, lines) if message["type"] == "method_call" and message["member"] == member]


class Login(Committed):
    def test_a_lost_question_is_asked_again(self):
        """authd has the question about a login and ends without an answer; a moment later another one is there."""
        monitor = Monitor(self)
        authd = self.authd.program.pid
        os.kill(authd, signal.SIGSTOP)
        admitted = []
        login = threading.Thread(target=lambda: admitted.append(self.admits("one")))
        login.start()
        try:
            harness.wait_until(lambda: monitor.calls("VerifyPublicKey"), what="the question")
        finally:
            os.kill(authd, signal.SIGKILL)
        harness.wait_until(lambda: not self.authd.program.running(), what="the end of authd")
        self.authd.start()
        login.join(60)
        self.assertEqual(admitted, [True])
        asked = monitor.calls("VerifyPublicKey")
        self.assertGreaterEqual(len(asked), 2)
        self.assertEqual({json.dumps(call["payload"]) for call in asked[:2]}, {json.dumps(asked[0]["payload"])})

    def test_without_authd_a_login_is_refused_at_its_deadline(self):
        self.authd.end(signal.SIGKILL)
        began = time.monotonic()
        self.assertFalse(self.admits("one"))
        self.assertGreater(time.monotonic() - began, 2)
        self.authd.start()
        self.assertTrue(self.admits("one"))


if __name__ == "__main__":
    harness.main()
