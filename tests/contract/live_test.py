"""alknet-authd on a private bus with our real policy files: the live interface equals the contract, each user reaches what
is theirs, and news of authd reaches listend alone.

The tests that need several users run only as root; they borrow accounts that every Debian has, because the bus daemon
wants users with an account."""

import os
import pwd
import shutil
import signal
import subprocess

import harness
import interfaces_test

AUTHD, LISTEND, METRICS, STRANGER = (pwd.getpwnam(name).pw_uid for name in ("mail", "news", "uucp", "games"))
NAME, PATH = "org.alknet.Auth1", "/org/alknet/Auth1"


class Live(harness.Case):
    users = {}

    def setUp(self):
        super().setUp()
        harness.require("busctl")
        self.dir.chmod(0o755)
        self.keys = self.dir / "authorized_keys"
        self.keys.write_text("".join(harness.make_key(self.dir / name) + "\n" for name in ("one", "two")))
        self.keys.chmod(0o644)
        self.config = self.dir / "alknet.toml"
        self.config.write_text(f'[auth]\nhost_key = "/nonexistent"\n[auth.ssh]\nauthorized_keys = ["{self.keys}"]\n'
                               '[[listeners]]\nname = "ssh"\ntransport = "tcp"\nlisten = "127.0.0.1:0"\n')
        self.config.chmod(0o644)
        self.address = self.start_bus(self.users)
        (self.dir / "bus").chmod(0o666)

    def as_user(self, uid, command):
        if uid is None or uid == os.getuid():
            return command
        return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *command]

    def start_authd(self, uid=None):
        program = shutil.copy(harness.binary("alknet-authd"), self.dir)  # where other users can reach it
        authd = self.start("authd", self.as_user(uid, [program, "--config", self.config, "--bus-address", self.address]))
        authd.wait_line("server running")
        return authd

    def start_probe(self, name, uid=None):
        program = shutil.copy(os.environ["ALKNET_BUS_PROBE"], self.dir)
        return self.start("probe", self.as_user(uid, [program, self.address, name]))

    def busctl(self, *arguments, uid=None, check=0):
        done = self.run_program(self.as_user(uid, ["busctl", f"--address={self.address}", "--timeout=5", *arguments]),
                                check=check)
        return (done.stdout + done.stderr).decode().strip()

    def call(self, member, *arguments, **options):
        return self.busctl("call", NAME, PATH, NAME, member, *arguments, **options)

    def remove_first_key(self):
        """Takes effect with the next reload; gives the identity that loses its key."""
        self.keys.write_text(self.keys.read_text().split("\n", 1)[1])
        return harness.fingerprint(self.dir / "one.pub")


class OneUser(Live):
    def test_the_live_interface_equals_the_contract(self):
        self.start_authd()
        live = self.busctl("introspect", "--xml-interface", NAME, PATH)
        self.assertEqual(interfaces_test.members(live, NAME), interfaces_test.contract(NAME))

    def test_every_property_has_its_type(self):
        self.start_authd()
        for (kind, name), rest in interfaces_test.contract(NAME).items():
            if kind == "property":
                value = self.busctl("get-property", NAME, PATH, NAME, name)
                self.assertEqual(value.split(" ")[0], rest[0], name)
        self.assertEqual(self.busctl("get-property", NAME, PATH, NAME, "KeyCount"), "u 2")

    def test_errors_carry_names_of_the_table(self):
        self.start_authd()
        self.assertIn("no such identity", self.call("Lookup", "s", "SHA256:nobody", check=1))
        errors = self.run_program(
            ["dbus-send", f"--bus={self.address}", "--print-reply", f"--dest={NAME}", PATH, f"{NAME}.Lookup",
             "string:SHA256:nobody"], check=1).stderr.decode()
        self.assertIn("org.alknet.Error.NotFound", errors)

    def test_a_reload_is_announced(self):
        self.start_authd()
        probe = self.start_probe("org.alknet.Listen1")
        probe.wait_line("^authd yes$")
        gone = self.remove_first_key()
        self.assertRegex(self.call("Reload"), r"^t \d+$")
        self.assertEqual(probe.wait_line(r"^changed \d+ (\S+)$")[1], gone)

    def test_a_stop_in_order_gives_up_the_name_first(self):
        authd = self.start_authd()
        probe = self.start_probe("org.alknet.Listen1")
        probe.wait_line("^authd yes$")
        self.assertEqual(authd.stop(), 0)
        probe.wait_line("^authd no$")
        self.assertIn("server stopping", authd.text())

    def test_authd_ends_when_its_bus_ends(self):
        authd = self.start_authd()
        bus = next(program for program in self._programs if program.name == "bus-daemon")
        os.kill(bus.pid, signal.SIGKILL)
        authd.wait_line("the connection to the bus is lost")
        self.assertEqual(authd.wait(), 1)

    def test_a_second_authd_is_refused(self):
        first = self.start_authd()
        second = self.start("second", [harness.binary("alknet-authd"), "--config", self.config,
                                       "--bus-address", self.address])
        self.assertEqual(second.wait(), 1)
        self.assertIn("org.alknet.Auth1 is taken", second.text())
        self.assertTrue(first.running())


class SeveralUsers(Live):
    users = {"alknet-authd": AUTHD, "alknet-listend": LISTEND, "alknet-metrics": METRICS, "root": 0}

    def setUp(self):
        if os.getuid() != 0:
            self.skipTest("needs root, to be several users")
        harness.require("setpriv")
        super().setUp()

    def refused_by_the_bus(self, *arguments, uid):
        self.assertRegex(self.call(*arguments, uid=uid, check=1), r"Access( to the requested)? denied|Sender is not authorized")

    def test_strangers_reach_nothing(self):
        self.start_authd(AUTHD)
        self.assertRegex(self.call("Reload"), r"^t \d+$")
        self.refused_by_the_bus("Reload", uid=STRANGER)
        self.refused_by_the_bus("Lookup", "s", "x", uid=STRANGER)
        self.assertNotEqual(self.busctl("get-property", NAME, PATH, NAME, "KeyCount", uid=STRANGER, check=1), "u 2")

    def test_listend_passes_the_first_gate(self):
        """Its account has another name on the test machine, so the second gate stops it, by its own name."""
        self.start_authd(AUTHD)
        self.assertIn("may not call org.alknet.Auth1.Reload", self.call("Reload", uid=LISTEND, check=1))

    def test_metrics_pass_the_first_gate_and_nothing_else_does(self):
        self.start_authd(AUTHD)
        self.assertIn("may not call org.alknet.Auth1.GetMetrics", self.call("GetMetrics", uid=METRICS, check=1))
        for arguments in (["Reload"], ["Lookup", "s", "x"], ["LookupCredential", "s", "x"], ["Abort", "t", "1"]):
            self.refused_by_the_bus(*arguments, uid=METRICS)
        self.refused_by_the_bus("GetMetrics", uid=STRANGER)

    def test_names_belong_to_their_users(self):
        for name, uid in ((NAME, STRANGER), (NAME, LISTEND), ("org.alknet.Listen1", AUTHD)):
            probe = self.start_probe(name, uid)
            self.assertIn("failed", probe.wait_line("^failed .*")[0])
            self.assertEqual(probe.wait(), 1)

    def test_news_reaches_listend_alone(self):
        self.start_authd(AUTHD)
        listend = self.start_probe("org.alknet.Listen1", LISTEND)
        listend.wait_line("^authd yes$")
        stranger = self.start("monitor", self.as_user(STRANGER, ["dbus-monitor", "--address", self.address,
                                                                "type='signal'"]))
        stranger.wait_line("NameAcquired")
        gone = self.remove_first_key()
        self.call("Reload")
        self.assertEqual(listend.wait_line(r"^changed \d+ (\S+)$")[1], gone)
        self.busctl("emit", "/org/alknet/Test1", "org.alknet.Test1", "Marker")  # comes after all that authd has sent
        stranger.wait_line("member=Marker")
        self.assertNotIn(gone, stranger.text())

    def test_forged_news_is_dropped(self):
        self.start_authd(AUTHD)
        listend = self.start_probe("org.alknet.Listen1", LISTEND)
        listend.wait_line("^authd yes$")
        unique = listend.wait_line(r"^ready (\S+)")[1]
        for target in (["--destination=org.alknet.Listen1"], [f"--destination={unique}"], []):
            subprocess.run(self.as_user(STRANGER, ["busctl", f"--address={self.address}", "emit", *target, PATH, NAME,
                                                   "Changed", "tas", "666", "1", "SHA256:victim"]),
                           capture_output=True, timeout=20)
        gone = self.remove_first_key()
        self.call("Reload")
        self.assertEqual(listend.wait_line(r"^changed .*")[0].split(" ")[2], gone)


if __name__ == "__main__":
    harness.main()
