"""Logins by accounts: alknetctl, alknet-stored, alknet-authd and alknet-listend on one bus, and OpenSSH's client."""

import base64
import hashlib
import json
import signal
import sqlite3
import subprocess
import time
import unittest

import harness
import targets

try:
    import dbus.bus
except ImportError:
    dbus = None
try:
    from cryptography.hazmat.primitives import serialization
except ImportError:
    serialization = None

AUTH, AUTH_PATH = "org.alknet.Auth1", "/org/alknet/Auth1"


def blob(line):
    return base64.b64decode(next(word for word in line.split() if word.startswith("AAAA")))


class Accounts(harness.Case):
    order = '["configured", "accounts"]'

    def setUp(self):
        super().setUp()
        harness.require("ssh", "ssh-keygen", "busctl")
        if dbus is None:
            self.skipTest("python3-dbus is not installed")
        for name in ("mine", "ada", "other", "ca"):
            setattr(self, name, harness.make_key(self.dir / name))
        harness.make_key(self.dir / "host_key")
        self.keys = self.dir / "authorized_keys"
        self.keys.write_text(self.mine + "\n")
        self.config = self.dir / "alknet.toml"
        self.config.write_text(
            f'[auth]\nhost_key = "{self.dir}/host_key"\nproviders = {self.order}\n[auth.ssh]\nauthorized_keys = ["{self.keys}"]\n'
            '[[listeners]]\nname = "ssh"\ntransport = "tcp"\n[limits.penalties]\nexempt = ["127.0.0.0/8"]\n')
        self.echo = self.target(targets.Echo())
        self.address = self.start_bus()
        self.socket = harness.listening_socket()
        self.addCleanup(self.socket.close)
        self.starts = 0
        self.stored = self.start_stored()
        self.authd = self.daemon("authd", "--config", self.config)
        self.listend = self.daemon("listend", "--config", self.config, sockets={"ssh": self.socket})
        self.bus = dbus.bus.BusConnection(self.address)
        self.addCleanup(self.bus.close)

    def daemon(self, name, *arguments, number="", **options):
        program = self.start(name + str(number), [harness.binary("alknet-" + name), "--bus-address", self.address, *arguments],
                             **options)
        program.wait_line("server running")
        return program

    def start_stored(self):
        (self.dir / "state").mkdir(exist_ok=True)
        self.starts += 1
        return self.daemon("stored", number=self.starts, env={"STATE_DIRECTORY": str(self.dir / "state")})

    def ctl(self, *arguments, check=0, text=None):
        done = subprocess.run([harness.binary("alknetctl"), "--bus-address", self.address, *map(str, arguments)],
                              input=text, capture_output=True, text=True, timeout=30)
        if check is not None:
            self.assertEqual(done.returncode, check, done.stderr)
        return done.stdout

    def account(self, email="ada@example.org", *more):
        return json.loads(self.ctl("account", "add", email, *more, "--json"))["id"]

    def verify(self, key, address="127.0.0.1"):
        peer = dbus.Dictionary({"address": dbus.String(address)}, signature="sv")
        member = self.bus.get_object(AUTH, AUTH_PATH, introspect=False).get_dbus_method("VerifyPublicKey", AUTH)
        accepted, reason, name, scopes, resources, constraints = member(dbus.ByteArray(key), "me", peer)
        return {"verdict": "accepted" if accepted else str(reason), "id": str(name), "scopes": [str(s) for s in scopes],
                "resources": dict(resources), "limits": {str(k): v for k, v in constraints.items() if k != "credential"}}

    def verdict(self, line):
        return self.verify(blob(line))["verdict"]

    def ssh(self, key, *options):
        port = self.socket.getsockname()[1]
        return ["ssh", "-F", "none", "-i", self.dir / key, "-p", str(port), "-o", "StrictHostKeyChecking=no",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
                *options, "me@127.0.0.1"]

    def logs_in(self, key, *options):
        done = self.run_program(self.ssh(key, "-W", self.echo.address, *options), input=b"hello", stdin=None, check=None)
        return done.stdout == b"hello"

    def session(self, key, name, *options):
        """A session that stays, once it is in."""
        before = len(self.sessions())
        program = self.start(name, self.ssh(key, "-N", *options))
        harness.wait_until(lambda: len(self.sessions()) > before, what="the session")
        return program

    def sessions(self):
        out = self.run_program(["busctl", f"--address={self.address}", "--json=short", "call", "org.alknet.Listen1",
                                "/org/alknet/Listen1", "org.alknet.Listen1", "ListSessions"]).stdout
        return [session["identity"]["data"] for session in json.loads(out)["data"][0]]

    def certify(self, key, *arguments):
        subprocess.run(["ssh-keygen", "-q", "-s", self.dir / "ca", "-I", "x", *arguments, self.dir / f"{key}.pub"], check=True,
                       stdin=subprocess.DEVNULL)
        return self.dir / f"{key}-cert.pub"


class Logins(Accounts):
    def test_the_key_of_an_account(self):
        account = self.account("ada@example.org", "--scope", "relay:connect", "--scope", "call:x")
        self.assertFalse(self.logs_in("ada"))
        self.ctl("keys", "add", self.ada, "--account", account)
        harness.wait_until(lambda: self.logs_in("ada"), what="a login by the account")
        self.assertTrue(self.logs_in("mine"))
        self.assertFalse(self.logs_in("other"))
        got = self.verify(blob(self.ada))
        self.assertEqual((got["verdict"], got["id"], got["scopes"]), ("accepted", account, ["relay:connect", "call:x"]))
        self.session("ada", "ssh")
        self.assertEqual(self.sessions(), [account])

    def test_a_key_in_a_file_and_with_an_account_is_the_same(self):
        account = self.account()
        lines = ["{}", "restrict {}", 'from="127.0.0.1" {}', 'from="192.0.2.1" {}', 'expiry-time="20200101Z" {}',
                 'expiry-time="20380101Z",permitopen="*:22",permitlisten="8080" {}']
        for number, form in enumerate(lines):
            with self.subTest(line=form):
                key = harness.make_key(self.dir / f"same{number}")
                self.keys.write_text(self.mine + "\n" + form.format(key) + "\n")
                self.ctl("reload")
                by_file = self.verify(blob(key))
                self.keys.write_text(self.mine + "\n")
                self.ctl("reload")
                self.ctl("keys", "add", form.format(key), "--account", account)
                by_account = harness.wait_until(lambda key=key: (got := self.verify(blob(key)))["verdict"] != "unknown-key"
                                                and got, what="the key")
                self.assertEqual(by_account.pop("id"), account if by_account["verdict"] == "accepted" else "")
                by_file.pop("id")
                self.assertEqual(by_account, by_file)

    def test_a_certificate_under_the_authority_of_an_account(self):
        account = self.account("ada@example.org", "--scope", "relay:connect")
        self.ctl("keys", "add", f'cert-authority,principals="ops" {self.ca}', "--account", account)
        certificate = self.certify("other", "-n", "ops,dev")
        self.assertTrue(self.logs_in("other", "-o", f"CertificateFile={certificate}"))
        got = self.verify(blob(certificate.read_text()))
        self.assertEqual((got["id"], got["scopes"]), (account, ["relay:connect", "principal:ops"]))
        self.assertEqual(self.verdict(self.ca), "not-a-login-key")
        certificate = self.certify("other", "-n", "dev")
        self.assertEqual(self.verdict(certificate.read_text()), "principal")
        self.assertFalse(self.logs_in("other", "-o", f"CertificateFile={certificate}"))

    def test_what_an_account_may_reach_is_explained(self):
        self.config.write_text(self.config.read_text() + '[forwarding]\ndefault = "deny"\n[[forwarding.rules]]\naction = "allow"\n'
                               'target = "db.example:5432"\nprincipals = ["call:x"]\n')
        harness.wait_until(lambda: "generation" in self.ctl("reload", check=None), what="the service")
        account = self.account("ada@example.org", "--scope", "relay:connect")
        def explained(who, place="db.example:5432", check=0):
            return json.loads(self.ctl("explain", who, place, "--json", check=check))
        def failed(who):
            answer = explained(who, check=None)
            return answer["error"]["lines"][0] if "error" in answer else ""
        self.assertIn("no key", failed(account))
        self.assertEqual(explained("nobody@example.org", check=1)["error"]["kind"], "NotFound")
        self.ctl("keys", "add", 'permitopen="db.example:*",from="192.0.2.1" ' + self.ada, "--account", account)
        (key,) = harness.wait_until(lambda: (keys := explained("ada@example.org")["keys"])[0]["accepted"] and keys, what="the key")
        self.assertEqual((key["identity"], key["scopes"]), (account, ["relay:connect"]))
        self.assertEqual((key["allowed"], key["decided_by"], key["constraints"]), (False, "default", {"permitopen": ["db.example:*"]}))
        self.ctl("account", "set", account, "--scope", "call:x")
        answer = harness.wait_until(lambda: (answer := explained(account))["allowed"] and answer, what="the scope")
        self.assertEqual(answer["keys"][0]["rule"], 0)
        harness.wait_until(lambda: explained(account, "www.example:80")["keys"][0].get("decided_by") == "constraint", what="the limit")
        fingerprint = key["fingerprint"]
        harness.wait_until(lambda: self.ctl("explain", fingerprint, "db.example:5432", check=None) ==
                           "allowed by forwarding.rules[0]: db.example:5432\n", what="the same of its key")
        self.ctl("account", "deactivate", account)
        self.assertIn("the account is deactivated", failed(account))
        harness.wait_until(lambda: "account-inactive" in failed(fingerprint), what="the end of the account")

    @unittest.skipIf(serialization is None, "python3-cryptography is not installed")
    def test_tokens_of_an_account(self):
        account = self.account()
        made = json.loads(self.ctl("apikey", "create", account, "--scope", "call:x", "--json"))
        self.assertEqual(self.ctl("token", "verify", text=made["key"]), f"accepted: {account}\nscope call:x\n")
        self.ctl("apikey", "revoke", made["prefix"])
        harness.wait_until(lambda: self.ctl("token", "verify", text=made["key"], check=None) == "refused: revoked\n",
                           what="the end of the API key")
        self.ctl("keys", "add", self.ada, "--account", account)
        key = serialization.load_ssh_private_key((self.dir / "ada").read_bytes(), None)
        raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        message = hashlib.sha256(raw).digest() + int(time.time()).to_bytes(8, "big")
        token = base64.urlsafe_b64encode(message + key.sign(message)).decode().rstrip("=")
        self.assertEqual(self.ctl("token", "verify", text=token), f"accepted: {account}\nscope relay:connect\n")

    def test_when_a_key_was_used_last_is_noted_without_the_login_waiting(self):
        account = self.account()
        self.ctl("keys", "add", self.ada, "--account", account)
        harness.wait_until(lambda: self.verdict(self.ada) == "accepted", what="the login")

        def used():
            key, = json.loads(self.ctl("keys", "list", "--account", account, "--json"))["keys"]
            return "last_used_at" in key
        self.assertFalse(used())
        self.authd.stop()  # which tells what it has not told yet
        harness.wait_until(used, what="the note")


class Down(Accounts):
    def setUp(self):
        super().setUp()
        self.owner = self.account()
        self.ctl("keys", "add", self.ada, "--account", self.owner)
        harness.wait_until(lambda: self.verdict(self.ada) == "accepted", what="the login")

    def refused_in_time(self):
        """Nor a login that was remembered. The unit tests have the exact deadline; here a machine that is busy is forgiven."""
        began = time.monotonic()
        self.assertEqual(self.verdict(self.ada), "accounts-unavailable")
        took = time.monotonic() - began
        print(f"# {self.id()}: refused after {took * 1000:.0f} ms")
        self.assertLess(took, 3)
        self.authd.wait_line("accounts cannot be asked, their logins are refused: .")
        self.assertTrue(self.logs_in("mine"))
        self.assertFalse(self.logs_in("ada"))
        self.listend.wait_line("peer unavailable peer=alknet-stored")
        self.assertIn("accounts cannot be asked", self.ctl("status", check=None))
        self.assertNotIn("result=reject", self.listend.text())  # which bans and penalties count

    def test_without_the_daemon(self):
        self.stored.stop()
        self.refused_in_time()
        mark = self.authd.mark()
        self.stored = self.start_stored()
        harness.wait_until(lambda: self.verdict(self.ada) == "accepted", what="the login")
        self.authd.wait_line("accounts can be asked again", after=mark)
        self.assertTrue(self.logs_in("ada"))

    def test_with_a_daemon_that_hangs(self):
        self.assertEqual(self.verdict(self.ada), "accepted")
        self.stored.send_signal(signal.SIGSTOP)
        try:
            harness.wait_until(lambda: self.verdict(self.ada) != "accepted", what="the end of the lease", timeout=10)
            self.refused_in_time()
        finally:
            self.stored.send_signal(signal.SIGCONT)
        harness.wait_until(lambda: self.verdict(self.ada) == "accepted", what="the login")

    def test_what_is_revoked_while_authd_is_away_ends_its_session(self):
        self.session("ada", "ssh")
        self.authd.kill()
        self.ctl("keys", "remove", harness.fingerprint(self.dir / "ada.pub"), "--account", self.owner)
        self.assertEqual(len(self.sessions()), 1)
        self.authd = self.daemon("authd", "--config", self.config, number=2)
        harness.wait_until(lambda: not self.sessions(), what="the end of the session")

    def test_what_is_revoked_while_the_store_is_away_ends_its_session(self):
        self.session("ada", "ssh")
        self.stored.stop()
        self.revoke_in_the_tables()
        self.assertEqual(len(self.sessions()), 1)
        self.stored = self.start_stored()
        harness.wait_until(lambda: not self.sessions(), what="the end of the session")

    def revoke_in_the_tables(self):
        """As another alknet-stored on the same tables would: ours does not tell of it."""
        tables = sqlite3.connect(f"file:{self.dir}/state/system.db?mode=rw", uri=True)
        with tables:
            tables.execute("UPDATE peer_credentials SET revoked_at = ?", [int(time.time())])
            tables.execute("UPDATE counters SET value = value + 1 WHERE name = 'revision'")
        tables.close()

    def test_a_revocation_that_nobody_tells_of(self):
        self.session("ada", "ssh")
        self.assertEqual(self.verdict(self.ada), "accepted")
        self.revoke_in_the_tables()
        began = time.monotonic()
        harness.wait_until(lambda: not self.sessions(), what="the end of the session")
        print(f"# {self.id()}: ended {(time.monotonic() - began) * 1000:.0f} ms after an untold revocation")
        self.assertEqual(self.verdict(self.ada), "revoked")


class AccountsFirst(Accounts):
    order = '["accounts", "configured"]'

    def test_accounts_decide_and_files_count_while_they_cannot(self):
        account = self.account()
        self.assertTrue(self.logs_in("mine"))
        self.ctl("keys", "add", self.mine, "--account", account)
        harness.wait_until(lambda: self.verify(blob(self.mine))["id"] == account, what="the account's identity")
        self.ctl("keys", "remove", harness.fingerprint(self.dir / "mine.pub"), "--account", account)
        harness.wait_until(lambda: self.verdict(self.mine) == "revoked", what="the account's word")
        self.stored.stop()
        self.assertEqual(self.verify(blob(self.mine))["id"], harness.fingerprint(self.dir / "mine.pub"))
        self.assertTrue(self.logs_in("mine"))
        self.assertEqual(self.verdict(self.other), "accounts-unavailable")


class Revocations(Accounts):
    def ended(self, *command):
        """Seconds until the one session is gone, from the beginning of the command that takes it away."""
        self.assertEqual(len(self.sessions()), 1)
        began = time.monotonic()
        self.ctl(*command)
        harness.wait_until(lambda: not self.sessions(), what="the end of the session")
        return time.monotonic() - began

    def test_each_way_ends_the_session_within_a_second(self):
        account = self.account()
        of_ada = ("--account", account)
        took = {}
        self.ctl("keys", "add", self.ada, *of_ada)
        harness.wait_until(lambda: self.verdict(self.ada) == "accepted", what="the login")
        ssh = self.session("ada", "ssh-key")
        took["key"] = self.ended("keys", "remove", harness.fingerprint(self.dir / "ada.pub"), *of_ada)
        self.assertEqual(ssh.wait(), 255)
        self.listend.wait_line("session revoked")
        self.assertFalse(self.logs_in("ada"))

        self.ctl("keys", "add", f"cert-authority {self.ca}", *of_ada)
        certificate = self.certify("other", "-n", "me")
        self.session("other", "ssh-ca", "-o", f"CertificateFile={certificate}")
        took["authority"] = self.ended("keys", "remove", harness.fingerprint(self.dir / "ca.pub"), *of_ada)

        self.ctl("keys", "add", self.ada, *of_ada)
        for number, end in enumerate(("suspend", "deactivate")):
            self.ctl("account", "activate", account)
            harness.wait_until(lambda: self.verdict(self.ada) == "accepted", what="the login")
            self.session("ada", f"ssh-{number}")
            took[end] = self.ended("account", end, account)
        self.assertEqual(self.verdict(self.ada), "account-inactive")
        print("# " + ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in took.items()))
        self.assertLess(min(took.values()), 1)  # the others, too, unless the machine is busy

    def test_only_the_sessions_of_that_credential_end(self):
        account = self.account()
        for line in (self.ada, self.other):
            self.ctl("keys", "add", line, "--account", account)
        harness.wait_until(lambda: self.verdict(self.other) == "accepted", what="the login")
        for key in ("ada", "other", "mine"):
            self.session(key, "ssh-" + key)
        self.ctl("keys", "remove", harness.fingerprint(self.dir / "ada.pub"), "--account", account)
        harness.wait_until(lambda: len(self.sessions()) == 2, what="the end of one session")
        self.ctl("account", "add", "bob@example.org")  # one change more, and who is in stays
        self.assertTrue(self.logs_in("other"))
        self.assertEqual(sorted(self.sessions()), sorted([account, harness.fingerprint(self.dir / "mine.pub")]))

    def test_without_accounts_their_sessions_end(self):
        account = self.account()
        self.ctl("keys", "add", self.ada, "--account", account)
        harness.wait_until(lambda: self.verdict(self.ada) == "accepted", what="the login")
        self.session("ada", "ssh")
        self.config.write_text(self.config.read_text().replace(', "accounts"', ""))
        self.ctl("reload")
        harness.wait_until(lambda: not self.sessions(), what="the end of the session")
        self.assertEqual(self.verdict(self.ada), "unknown-key")


if __name__ == "__main__":
    harness.main()
