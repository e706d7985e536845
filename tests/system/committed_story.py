"""What is in force survives a crash, at the worst moments of a reload and of a login."""

import base64
import json
import struct
import threading

import harness
import story
from client import Client

drop_in = "/etc/alknet/alknet.toml.d/50-story.toml"
units = {"Auth": "alknet-authd.service", "Listen": "alknet-listend.service"}


def many_keys():
    """A key file that takes a while to read, and yet not the 5 s after which a reload gives up; no key in it twice."""
    head = b"\0\0\0\x0bssh-ed25519\0\0\0\x20"
    return "".join(f"ssh-ed25519 {base64.b64encode(head + struct.pack('>QQQQ', i, 0, 0, 1)).decode()}\n" for i in range(10_000))


class Monitor:
    """The calls to authd and its answers, as they pass the bus."""

    def __init__(self, case, server):
        self.program = case.start("monitor", server.entered(["busctl", "monitor", "org.alknet.Auth1", "--json=short"]))
        self.program.wait_line("Monitoring bus message stream|\\{", timeout=20)

    def messages(self):
        """Every complete line is a message."""
        lines = [line for line in self.program.text().splitlines() if line.startswith("{") and line.endswith("}")]
        return [json.loads(line) for line in lines]

    def calls(self, member):
        return [m for m in self.messages() if m["type"] == "method_call" and m.get("member") == member]

    def answers(self, calls):
        """Those to the given calls."""
        wanted = {(call["sender"], call["cookie"]) for call in calls}
        return [m for m in self.messages() if (m.get("destination"), m.get("reply_cookie")) in wanted]


class Case(story.Case):
    def setUp(self):
        super().setUp()
        self.server_box, self.client = self.running_server()
        self.other = Client(self, self.server_box, self.client.network, "other")
        self.other.trust()

    def pid(self, daemon):
        return int(self.server_box.show(units[daemon], "MainPID")["MainPID"])

    def signal(self, pid, name):
        self.server_box.look(["kill", f"-{name}", str(pid)])

    def wait_replaced(self, daemon, old):
        def replaced():
            show = self.server_box.show(units[daemon], "MainPID", "ActiveState")
            return show["ActiveState"] == "active" and int(show["MainPID"]) not in (0, old)

        harness.wait_until(replaced, 30, f"{units[daemon]} is replaced")

    def crash(self, daemon):
        old = self.pid(daemon)
        self.signal(old, "KILL")
        self.wait_replaced(daemon, old)

    def in_force(self, daemon):
        """(digest, generation)."""
        name = f"org.alknet.{daemon}1"
        return [self.server_box.look(["busctl", "get-property", name, "/" + name.replace(".", "/"), name, what]).strip()
                for what in ("ConfigDigest", "Generation")]

    def edit(self, attempts, client):
        """Another configuration and another key on the disk; nothing is in force yet."""
        limits, keys = f"[limits]\nmax_auth_attempts = {attempts}\n", f"[auth.ssh]\nauthorized_keys = [{self.key_files}]\n"
        self.server_box.write(drop_in, limits + keys)
        self.server_box.run(f"echo '{client.line}' >/etc/alknet/authorized_keys")

    key_files = '"/etc/alknet/authorized_keys"'

    def reload(self):
        self.server_box.run(["systemctl", "reload", "alknet-listend"])


class Edited(Case):
    def test_a_crash_brings_back_what_was_in_force(self):
        self.edit(7, self.client)
        self.reload()
        before = self.in_force("Auth")
        self.assertEqual(self.in_force("Listen"), before)
        self.edit(8, self.other)
        for broken in (False, True):
            if broken:
                self.server_box.write(drop_in, "not toml at all\n")
            for daemon in ("Auth", "Listen"):
                self.crash(daemon)
                self.assertEqual((self.in_force("Auth"), self.in_force("Listen")), (before, before))
                self.assertTrue(self.client.ssh_admits())
                self.assertFalse(self.other.ssh_admits())
        # A stop is no crash: the next start reads the disk.
        self.edit(9, self.other)
        self.server_box.run(["systemctl", "stop", "alknet-listend", "alknet-authd"])
        self.server_box.run(["systemctl", "start", "alknet-listend"])
        self.assertFalse(self.client.ssh_admits())
        self.assertTrue(self.other.ssh_admits())
        self.assertEqual(self.in_force("Auth")[0], self.in_force("Listen")[0])

    def test_a_restart_of_authd_with_unusable_files_refuses_nobody(self):
        self.server_box.write(drop_in, "not toml at all\n")
        self.server_box.run(["systemctl", "restart", "alknet-authd"])
        self.assertIn("what was in force before", self.server_box.show(units["Auth"], "StatusText")["StatusText"])
        self.assertTrue(self.client.ssh_admits())


class Killed(Case):
    key_files = '"/etc/alknet/authorized_keys", "/etc/alknet/many"'

    def test_authd_between_prepare_and_commit_leaves_both_equal(self):
        self.server_box.write("/etc/alknet/many", many_keys())
        before = self.kill_in_between()
        self.assertEqual((self.in_force("Auth"), self.in_force("Listen")), (before, before))
        self.assertTrue(self.client.ssh_admits())
        self.assertFalse(self.other.ssh_admits())
        self.reload()
        self.assertEqual(self.in_force("Auth"), self.in_force("Listen"))
        self.assertNotEqual(self.in_force("Auth")[0], before[0])
        self.assertFalse(self.client.ssh_admits())
        self.assertTrue(self.other.ssh_admits())

    def kill_in_between(self):
        """alknet-listend is frozen while authd still prepares; authd answers, and dies before it is asked to commit. What was in
        force when that came in time."""
        for _ in range(10):
            self.edit(5, self.client)
            self.reload()
            before = self.in_force("Auth")
            self.assertEqual(self.in_force("Listen"), before)
            self.edit(6, self.other)
            if self.try_in_between():
                return before
        self.fail("the moment was never met")

    def try_in_between(self):
        monitor = Monitor(self, self.server_box)
        supervisor, authd, done = self.pid("Listen"), self.pid("Auth"), []
        reload = threading.Thread(target=lambda: done.append(
            self.server_box.run(["systemctl", "reload", "alknet-listend"], check=None)))
        reload.start()
        try:
            harness.wait_until(lambda: monitor.calls("Prepare"), 20, "Prepare is asked for")
            self.signal(supervisor, "STOP")
            harness.wait_until(lambda: monitor.answers(monitor.calls("Prepare")), 20, "Prepare is answered")
            met = not monitor.calls("Commit")
            if met:
                self.signal(authd, "KILL")
                self.wait_replaced("Auth", authd)
        finally:
            self.signal(supervisor, "CONT")
            reload.join(60)
            monitor.program.stop()
        if met:
            self.assertEqual(done[0].returncode, 1, done[0].stdout)
        return met


class Login(Case):
    def asked_while(self, happen):
        """A login whose question authd has and does not answer until something happens to it; gives the questions."""
        server, authd = self.server_box, self.pid("Auth")
        monitor = Monitor(self, server)
        self.signal(authd, "STOP")
        admitted = []
        login = threading.Thread(target=lambda: admitted.append(self.client.ssh_admits()))
        login.start()
        try:
            harness.wait_until(lambda: monitor.calls("VerifyPublicKey"), 20, "the question is asked")
            self.assertEqual(monitor.answers(monitor.calls("VerifyPublicKey")), [])
        finally:
            happen(authd)
            login.join(60)
        self.assertEqual(admitted, [True])
        return monitor.calls("VerifyPublicKey")

    def test_a_question_that_dies_with_authd_is_asked_again(self):
        asked = self.asked_while(lambda authd: self.signal(authd, "KILL"))
        self.assertGreaterEqual(len(asked), 2)
        self.assertEqual(asked[0]["payload"], asked[1]["payload"])

    def test_an_upgrade_costs_no_login(self):
        """systemd wakes whom it ends: authd answers what it was asked before."""
        later = self.later_packages("+1")
        self.asked_while(lambda _: self.install_files(self.server_box, later))
        self.assertTrue(self.client.ssh_admits())


if __name__ == "__main__":
    harness.main()
