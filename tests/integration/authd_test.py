"""alknet-authd on a private bus with our real policy files: verdicts, reloads, transactions, callers; and the verdicts
about options beside those of a real sshd."""

import base64
import getpass
import os
import pathlib
import subprocess
import sys
import time
import unittest

import harness

try:
    import dbus
except ImportError:
    dbus = None

NAME = "org.alknet.Auth1"
PATH = "/org/alknet/Auth1"
NOBODY = 65534  # a user that none of our policies names

# Runs as another user: one call, then the name of the error or "ok".
STRANGER = """
import sys, dbus
proxy = dbus.bus.BusConnection(sys.argv[1]).get_object("org.alknet.Auth1", "/org/alknet/Auth1", introspect=False)
try:
    if sys.argv[2] == "Get":
        proxy.Get("org.alknet.Auth1", "KeyCount", dbus_interface="org.freedesktop.DBus.Properties")
    else:
        proxy.get_dbus_method(sys.argv[2], "org.alknet.Auth1")(*[dbus.UInt64(a) for a in sys.argv[3:]])
    print("ok")
except dbus.DBusException as error:
    print(error.get_dbus_name())
"""


def blob(line):
    """The key of an authorized_keys line without options."""
    return base64.b64decode(line.split()[1])


def error_name(call, *arguments):
    try:
        call(*arguments)
    except dbus.DBusException as error:
        return error.get_dbus_name().removeprefix("org.alknet.Error.")
    return None


def error_text(call, *arguments):
    try:
        call(*arguments)
    except dbus.DBusException as error:
        return error.get_dbus_message()
    return None


@unittest.skipIf(dbus is None, "python3-dbus is not installed")
class AuthdCase(harness.Case):
    def setUp(self):
        super().setUp()
        os.chmod(self.dir, 0o711)  # other users reach the bus socket
        self.keys = self.dir / "authorized_keys"
        self.config = self.dir / "alknet.toml"
        self.one = harness.make_key(self.dir / "one")
        self.two = harness.make_key(self.dir / "two")
        self.write_config()

    def write_config(self, elements=None, extra=""):
        listed = ", ".join("'''%s'''" % element for element in (elements or [self.keys]))
        self.config.write_text(f"[auth]\nhost_key = '{self.dir}/host_key'\n{extra}\n[auth.ssh]\nauthorized_keys = [{listed}]\n")

    def start_authd(self, *lines, users=None):
        self.keys.write_text("".join(line + "\n" for line in lines))
        self.address = self.start_bus(users)
        self.authd = self.run_authd("authd")
        self.authd.wait_line(r"server running")
        self.bus = dbus.bus.BusConnection(self.address)
        self.addCleanup(self.bus.close)
        self.proxy = self.bus.get_object(NAME, PATH, introspect=False)

    def run_authd(self, name, address=None):
        return self.start(name, [harness.binary("alknet-authd"), "--config", self.config, "--bus-address",
                                 address or self.address])

    def call(self, member, *arguments):
        return self.proxy.get_dbus_method(member, NAME)(*arguments)

    def property(self, name):
        return self.proxy.Get(NAME, name, dbus_interface="org.freedesktop.DBus.Properties")

    def verify(self, key, address="192.0.2.1"):
        peer = dbus.Dictionary({"transport": dbus.String("tcp"), "port": dbus.UInt16(1234)}, signature="sv")
        if address is not None:
            peer["address"] = dbus.String(address)
        return self.call("VerifyPublicKey", dbus.ByteArray(key), "alice", peer)

    def verdict(self, key, address="192.0.2.1"):
        accepted, reason = self.verify(key, address)[:2]
        return "accepted" if accepted else str(reason)

    def transaction(self, member, number):
        return self.call(member, dbus.UInt64(number))


class Verdicts(AuthdCase):
    def test_identity_is_the_fingerprint_that_ssh_keygen_prints(self):
        self.start_authd(self.one)
        accepted, reason, name, scopes, resources, constraints = self.verify(blob(self.one))
        self.assertTrue(accepted)
        self.assertEqual(str(name), harness.fingerprint(self.dir / "one.pub"))
        self.assertEqual([str(s) for s in scopes], ["relay:connect"])
        self.assertEqual((str(reason), dict(resources), dict(constraints)), ("", {}, {}))

    def test_refusals(self):
        ca = harness.make_key(self.dir / "ca")
        rsa = harness.make_key(self.dir / "rsa", kind="rsa", bits=2048)
        subprocess.run(["ssh-keygen", "-q", "-s", self.dir / "ca", "-I", "x", "-n", "alice", self.dir / "one.pub"], check=True)
        certificate = blob((self.dir / "one-cert.pub").read_text())
        self.start_authd(f"cert-authority {ca}", f'expiry-time="20200101Z" {self.one}', rsa)
        self.assertEqual(self.verdict(blob(ca)), "not-a-login-key")
        self.assertEqual(self.verdict(blob(self.one)), "expired")
        self.assertEqual(self.verdict(blob(self.two)), "unknown-key")
        self.assertEqual(self.verdict(blob(rsa)), "unsupported")
        self.assertEqual(self.verdict(certificate), "accepted")
        self.assertEqual((self.property("KeyCount"), self.property("CertificateAuthorityCount")), (1, 1))

    def test_a_certificate_is_its_key_with_the_principals_that_were_admitted(self):
        ca = harness.make_key(self.dir / "ca")
        subprocess.run(["ssh-keygen", "-q", "-s", self.dir / "ca", "-I", "x", "-n", "ops,dev", "-V", "-1m:20400101Z",
                        self.dir / "one.pub"], check=True)
        self.start_authd(f'cert-authority,principals="dev,more" {ca}')
        accepted, _, name, scopes, _, constraints = self.verify(blob((self.dir / "one-cert.pub").read_text()))
        self.assertTrue(accepted)
        self.assertEqual(str(name), harness.fingerprint(self.dir / "one.pub"))
        self.assertEqual([str(s) for s in scopes], ["relay:connect", "principal:dev"])
        credential = str(constraints.pop("credential"))
        self.assertEqual(list(constraints), ["expires"])
        self.assertEqual(self.call("FindRevoked", dbus.Array([credential], "s")), [])
        self.keys.write_text(f'cert-authority,principals="more" {ca}\n')
        self.call("Reload")
        self.assertEqual(self.call("FindRevoked", [credential]), [credential])

    def test_constraints_are_handed_over(self):
        self.start_authd(f'permitopen="a.example:1",permitlisten="8080",restrict,expiry-time="20990101Z" {self.one}')
        constraints = self.verify(blob(self.one))[5]
        self.assertEqual(constraints, {"permitopen": ["a.example:1"], "permitlisten": ["*:8080"],
                                       "no-port-forwarding": True, "expires": 4070908800})
        self.assertEqual(self.call("Lookup", harness.fingerprint(self.dir / "one.pub"))[2], constraints)
        self.assertNotIn("a.example", self.authd.text())

    def test_lookup_and_find_revoked(self):
        self.start_authd(self.one)
        one, two = (harness.fingerprint(self.dir / name) for name in ("one.pub", "two.pub"))
        self.assertEqual(error_name(self.call, "Lookup", two), "NotFound")
        self.assertEqual(self.call("FindRevoked", [one, two]), [two])
        self.assertEqual(error_name(self.call, "FindRevoked", [one] * 4097), "Invalid")

    def test_what_is_no_key_is_invalid(self):
        self.start_authd(self.one)
        key = blob(self.one)
        for bad in (b"\0", b"garbage", key[:-1], key + b"x", b"\xff\xff\xff\xff" + key, b"x" * 16385):
            self.assertEqual(error_name(self.verify, bad), "Invalid", bad[:20])
        self.assertIsNotNone(error_name(self.call, "VerifyPublicKey", "not bytes", "alice", dbus.Dictionary(signature="sv")))
        self.assertEqual(self.verdict(key), "accepted")

    def test_bad_lines_are_named_and_the_rest_counts(self):
        self.start_authd(self.one, "rubbish", f'command="/bin/sh" {self.two}')
        self.assertEqual(self.verdict(blob(self.one)), "accepted")
        self.assertEqual(self.verdict(blob(self.two)), "unknown-key")
        self.assertEqual([str(w) for w in self.property("Warnings")],
                         [f"{self.keys}:2: option 1 is unknown", f"{self.keys}:3: command= is not supported"])
        self.authd.wait_line(rf"key line skipped file={self.keys} line=3 reason=command-is-not-supported")
        self.assertNotIn(self.two.split()[1], self.authd.text())

    def test_inline_lines(self):
        self.keys.write_text("")
        self.write_config([f'from="192.0.2.0/24" {self.one}', self.keys])
        self.start_authd()
        self.assertEqual(self.verdict(blob(self.one)), "accepted")
        self.assertEqual(self.verdict(blob(self.one), "198.51.100.1"), "from")

    def test_introspection(self):
        self.start_authd(self.one)
        told = self.proxy.Introspect(dbus_interface="org.freedesktop.DBus.Introspectable")
        self.assertIn('<method name="VerifyPublicKey">', told)


class Reloads(AuthdCase):
    def setUp(self):
        super().setUp()
        self.start_authd(self.one, self.two)
        self.watch = self.start("monitor", ["dbus-monitor", "--address", self.address,
                                            f"type='signal',interface='{NAME}'"])
        self.watch.wait_line(r"member=NameAcquired")

    def test_reload_takes_effect_and_names_the_revoked(self):
        self.keys.write_text(self.one + "\n")
        self.assertEqual(self.verdict(blob(self.two)), "accepted")
        self.assertEqual(self.call("Reload"), 1)
        self.assertEqual(self.verdict(blob(self.two)), "unknown-key")
        self.watch.wait_line(r"member=Changed")
        self.watch.wait_line(harness.re.escape(harness.fingerprint(self.dir / "two.pub")))
        self.assertEqual(self.property("Generation"), 1)

    def test_a_bad_configuration_changes_nothing_and_names_every_line(self):
        digest = self.property("ConfigDigest")
        self.config.write_text("[limits]\nnonsense = 1\nconnect_timeout = \"soon\"\n[wrong]\n")
        for member in ("Reload", "Prepare"):
            arguments = (dbus.UInt64(7),) if member == "Prepare" else ()
            self.assertEqual(error_name(self.call, member, *arguments), "Invalid")
            text = error_text(self.call, member, *arguments)
            for part in (f"{self.config}:2: limits.nonsense", f"{self.config}:3: limits.connect_timeout", f"{self.config}:4: wrong"):
                self.assertIn(part, text)
        self.assertEqual((self.property("Generation"), self.property("ConfigDigest")), (0, digest))
        self.assertEqual(self.verdict(blob(self.two)), "accepted")
        self.authd.wait_line(rf"{self.config}:2: limits.nonsense")

    def test_unusable_key_files_change_nothing_and_are_named(self):
        (self.dir / "directory").mkdir()
        os.mkfifo(self.dir / "fifo")
        (self.dir / "huge").write_bytes(b"#" * (4 * 1024 * 1024 + 1))
        for name in ("missing", "directory", "fifo", "huge"):
            self.write_config([self.keys, self.dir / name])
            self.assertEqual(error_name(self.call, "Reload"), "Invalid", name)
            self.assertIn(str(self.dir / name), error_text(self.call, "Reload"))
        self.assertEqual(self.verdict(blob(self.two)), "accepted")

    def test_prepare_commit(self):
        self.keys.write_text(self.one + "\n")
        digest = self.transaction("Prepare", 41)
        self.assertEqual(len(digest), 64)
        self.keys.write_text("")  # what was read counts
        self.assertEqual(error_name(self.transaction, "Prepare", 42), "Busy")
        self.assertEqual(error_name(self.call, "Reload"), "Busy")
        self.assertEqual(self.verdict(blob(self.two)), "accepted")
        self.assertEqual(error_name(self.transaction, "Commit", 42), "NotFound")
        self.assertEqual(self.transaction("Commit", 41), 41)
        self.assertEqual(self.verdict(blob(self.two)), "unknown-key")
        self.assertEqual(self.verdict(blob(self.one)), "accepted")
        self.assertEqual((self.property("Generation"), self.property("ConfigDigest")), (41, digest))

    def test_abort(self):
        self.transaction("Prepare", 1)
        self.transaction("Abort", 2)
        self.assertEqual(error_name(self.transaction, "Prepare", 2), "Busy")
        self.transaction("Abort", 1)
        self.assertEqual(error_name(self.transaction, "Commit", 1), "NotFound")
        self.transaction("Prepare", 2)

    def test_a_prepared_transaction_expires_by_itself(self):
        self.transaction("Prepare", 1)
        started = time.monotonic()
        harness.wait_until(lambda: error_name(self.transaction, "Prepare", 2) is None, timeout=15)
        self.assertGreater(time.monotonic() - started, 4.5)
        self.assertLess(time.monotonic() - started, 7)
        self.assertEqual(error_name(self.transaction, "Commit", 1), "NotFound")


class Callers(AuthdCase):
    def stranger(self, *arguments):
        script = self.dir / "stranger.py"
        script.write_text(STRANGER)
        script.chmod(0o644)
        done = subprocess.run([sys.executable, script, self.address, *arguments], user=NOBODY, group=NOBODY, extra_groups=[],
                              capture_output=True, text=True, timeout=30, cwd="/")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("only root can call as somebody else")

    def test_the_bus_policy_stops_strangers(self):
        self.start_authd(self.one)
        for call in (("Reload",), ("Prepare", "1"), ("VerifyToken", "1"), ("Get",)):
            self.assertEqual(self.stranger(*call), "org.freedesktop.DBus.Error.AccessDenied", call)
        self.assertEqual(self.property("Generation"), 0)

    def test_the_daemons_own_table_stops_whom_the_bus_lets_through(self):
        self.start_authd(self.one, users={"alknet-listend": NOBODY})
        for call in (("Reload",), ("Prepare", "1"), ("Commit", "1"), ("Abort", "1"), ("Get",)):
            self.assertEqual(self.stranger(*call), "org.alknet.Error.Denied", call)
        self.authd.wait_line(f"bus call refused interface={NAME} member=Reload uid={NOBODY}")
        self.transaction("Prepare", 1)  # nobody's Prepare left nothing open


class Starts(AuthdCase):
    def refused(self, *patterns):
        self.address = self.start_bus()
        authd = self.run_authd("authd")
        for pattern in patterns:
            authd.wait_line(pattern)
        self.assertEqual(authd.wait(), 1)

    def test_without_configuration(self):
        self.config.unlink()
        self.refused(rf"^ERROR {self.config}: ")

    def test_with_a_bad_configuration_every_line_is_named(self):
        self.config.write_text("[limits]\nnonsense = 1\nconnect_timeout = \"soon\"\n")
        self.refused(rf"^ERROR {self.config}:2: limits.nonsense", rf"^ERROR {self.config}:3: limits.connect_timeout")

    def test_without_the_key_file(self):
        self.refused(rf"^ERROR {self.keys}: auth.ssh.authorized_keys\[0\]: No such file")

    def test_without_keys_it_starts_and_says_so(self):
        self.start_authd()
        self.authd.wait_line("no keys: nobody can log in")
        self.assertEqual(self.verdict(blob(self.one)), "unknown-key")

    def test_it_ends_in_order(self):
        self.start_authd(self.one)
        self.assertEqual(self.authd.stop(), 0)
        self.assertIn("server stopping", self.authd.text())

    def test_it_ends_when_the_bus_goes(self):
        self.start_authd(self.one)
        next(p for p in self._programs if p.name == "bus-daemon").kill()
        self.assertEqual(self.authd.wait(), 1)


class BesideSshd(AuthdCase):
    """The same authorized_keys line, judged by sshd for a real login and by authd for the same address."""

    same = [
        ("", "127.0.0.1"),
        ('from="127.0.0.1"', "127.0.0.1"),
        ('from="127.0.0.1"', "127.0.0.2"),
        ('from="127.0.0.0/30"', "127.0.0.3"),
        ('from="127.0.0.0/30"', "127.0.0.4"),
        ('from="127.0.0.?"', "127.0.0.9"),
        ('from="127.0.0.?"', "127.0.0.10"),
        ('from="127.*,!127.0.0.2"', "127.0.0.2"),
        ('from="!127.0.0.2,127.*"', "127.0.0.3"),
        ('from="!127.0.0.0/24,127.*"', "127.0.0.3"),
        ('from="*.example.com,127.0.0.1"', "127.0.0.1"),
        ('from="::/0"', "127.0.0.1"),
        ('from="127.0.0.1,"', "127.0.0.1"),
        ('from="127.0.0.1/24"', "127.0.0.1"),
        ('FROM="127.0.0.1",Restrict', "127.0.0.1"),
        ('from="127.0.0.1",from="127.0.0.1"', "127.0.0.1"),
        ('expiry-time="20200101"', "127.0.0.1"),
        ('expiry-time="20990101Z"', "127.0.0.1"),
        ('expiry-time="209901012359",expiry-time="202001012359"', "127.0.0.1"),
        ('expiry-time="2099"', "127.0.0.1"),
        ("restrict,pty,no-agent-forwarding,no-X11-forwarding,no-user-rc,no-pty", "127.0.0.1"),
        ('permitopen="[::1]:22",permitopen="host:*",permitlisten="8080"', "127.0.0.1"),
        ('permitopen="host"', "127.0.0.1"),
        ('permitopen=":::22"', "127.0.0.1"),
        ('permitlisten="0"', "127.0.0.1"),
        ("no-whatever", "127.0.0.1"),
        ('from="127.0.0.1', "127.0.0.1"),
        ("cert-authority", "127.0.0.1"),
        ('principals="alice"', "127.0.0.1"),
    ]
    # Where this daemon refuses what sshd lets in; README.md of the daemon gives the reasons.
    stricter = [
        ('command="true"', "127.0.0.1"),
        ('environment="A=b"', "127.0.0.1"),
        ('from="*,!bad.example.com"', "127.0.0.1"),
        ('expiry-time="20990231"', "127.0.0.1"),
        ("restrict,", "127.0.0.1"),
    ]

    def start_sshd(self, extra=""):
        harness.require("ssh")
        if not pathlib.Path("/usr/sbin/sshd").exists():
            self.skipTest("openssh-server is not installed")
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        harness.make_key(self.dir / "host")
        self.port = harness.free_port()
        config = self.dir / "sshd_config"
        config.write_text(f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.dir}/host\nPidFile none\n"
                          f"AuthorizedKeysFile {self.dir}/line\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n"
                          "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitUserEnvironment yes\n" + extra)
        sshd = self.start("sshd", ["/usr/sbin/sshd", "-D", "-e", "-f", config])
        sshd.wait_line(r"Server listening")

    def sshd_admits(self, line, source):
        (self.dir / "line").write_text(line + "\n")
        done = subprocess.run(
            ["ssh", "-F", "/dev/null", "-T", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "IdentitiesOnly=yes",
             "-o", f"UserKnownHostsFile={self.dir}/known_hosts", "-o", "LogLevel=ERROR", "-b", source, "-i", self.dir / "one",
             "-p", str(self.port), f"{getpass.getuser()}@127.0.0.1", "exit 7"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
        # "exit 7" is the shell's; a forced command may end with anything but 255.
        return done.returncode != 255

    def authd_admits(self, line, source):
        self.keys.write_text(line + "\n")
        self.call("Reload")
        return self.verdict(blob(self.one), source) == "accepted"

    def test_verdicts(self):
        self.start_sshd()
        self.start_authd()
        if not self.sshd_admits(self.one, "127.0.0.1"):
            self.skipTest("this machine's sshd lets this account in under no conditions")
        for options, source in self.same:
            line = f"{options} {self.one}".strip()
            with self.subTest(options=options, source=source):
                self.assertEqual(self.authd_admits(line, source), self.sshd_admits(line, source))
        for options, source in self.stricter:
            with self.subTest(options=options, source=source):
                self.assertTrue(self.sshd_admits(f"{options} {self.one}", source))
                self.assertFalse(self.authd_admits(f"{options} {self.one}", source))


if __name__ == "__main__":
    harness.main()
