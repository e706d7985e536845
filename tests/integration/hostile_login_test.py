"""Peers that misuse authentication: counted, logged with their address, disconnected, and nobody else waits."""

import re
import time
import unittest

import harness

try:
    import raw_ssh
except ImportError:
    raw_ssh = None


class HostileLogins(harness.Case):
    def setUp(self):
        super().setUp()
        if raw_ssh is None:
            self.skipTest("python3-paramiko is missing")
        self.server = self.serve()
        self.server.never_penalise()
        self.key = raw_ssh.load_key(self.server.identity)

    def client(self):
        client = raw_ssh.RawClient(self.server.ssh)
        self.addCleanup(client.close)
        return client

    def stranger(self, name="stranger"):
        harness.make_key(self.dir / name)
        return raw_ssh.load_key(self.dir / name)

    def assert_rejected(self, fingerprint, user="alknet"):
        line = rf"auth attempt remote_addr=127\.0\.0\.1 user={user} key_fingerprint={re.escape(fingerprint)} result=reject$"
        self.server.program.wait_line(line)

    def assert_disconnected(self, client):
        while True:
            kind, _ = client.answer()
            if kind is None:
                return

    def test_the_right_key_logs_in(self):
        self.client().logged_in(self.key)
        self.server.program.wait_line(r"auth attempt .* result=accept$")

    def test_a_wrong_signature_ends_the_connection(self):
        client = self.client()
        client.sign_in(self.key, spoil=True)
        self.assert_rejected("-")
        self.assert_disconnected(client)

    def test_a_key_that_another_one_signs_for(self):
        client = self.client()
        client.probe(self.key.asbytes())
        self.assertEqual(client.answer()[0], raw_ssh.USERAUTH_PK_OK)
        client.sign_in(self.stranger(), blob=self.key.asbytes())
        self.assert_rejected("-")
        self.assert_disconnected(client)

    def test_a_good_key_probed_and_a_strange_one_signed(self):
        client = self.client()
        client.probe(self.key.asbytes())
        self.assertEqual(client.answer()[0], raw_ssh.USERAUTH_PK_OK)
        client.sign_in(self.stranger())
        self.assertEqual(client.answer()[0], raw_ssh.USERAUTH_FAILURE)
        self.assert_rejected(harness.fingerprint(self.dir / "stranger.pub"))

    def test_a_key_that_goes_between_probe_and_signature(self):
        """Also when alknet-authd read its files anew by itself."""
        for reload in (lambda: self.server.bus_call("org.alknet.Auth1", "/org/alknet/Auth1", "Reload"),
                       lambda: self.server.ctl("reload")):
            client = self.client()
            client.probe(self.key.asbytes())
            self.assertEqual(client.answer()[0], raw_ssh.USERAUTH_PK_OK)
            keys = self.server.state / "authorized_keys"
            listed = keys.read_text()
            keys.write_text("# nobody\n")
            mark = self.server.program.mark()
            reload()
            self.server.program.wait_line("reload done", after=mark)
            client.sign_in(self.key)
            kind, _ = client.answer()
            if kind == raw_ssh.USERAUTH_SUCCESS:  # the signature overtook the news: the session may not last
                kind, _ = client.answer()
            self.assertIn(kind, (raw_ssh.USERAUTH_FAILURE, None))
            keys.write_text(listed)
            self.server.ctl("reload")

    def test_methods_other_than_keys_are_bounded_without_a_limit_of_failures(self):
        self.server.configure("[limits]\nmax_auth_attempts = 0\n")
        client = self.client()
        answers = 0
        try:
            while client.ask_gssapi() or client.answer()[0] is not None:
                answers += 1
                self.assertLessEqual(answers, 101)
        except EOFError:  # disconnected, and paramiko noticed while it sent
            pass
        self.assertGreaterEqual(answers, 100)

    def test_an_unparsable_key_ends_the_connection(self):
        for number, blob in enumerate((b"", b"\0\0\0\x0bssh-ed25519\0\0\0\x05short", b"\xff" * 64)):
            with self.subTest(number):
                client = self.client()
                client.probe(blob, user=f"unparsable{number}")
                self.assert_rejected("-", user=f"unparsable{number}")
                self.assert_disconnected(client)

    def test_gssapi_is_refused_at_once(self):
        client = self.client()
        begin = time.monotonic()
        client.ask_gssapi(user="gss")
        self.assertEqual(client.answer()[0], raw_ssh.USERAUTH_FAILURE)
        self.assertLess(time.monotonic() - begin, 5)
        self.assert_rejected("-", user="gss")
        client.logged_in(self.key)

    def test_every_key_counts_once_and_the_tenth_is_the_last(self):
        client = self.client()
        keys = [self.stranger(f"k{i}") for i in range(10)]
        for i, key in enumerate(keys[:9]):
            for _ in range(2 if i < 2 else 1):
                client.probe(key.asbytes())
                self.assertEqual(client.answer()[0], raw_ssh.USERAUTH_FAILURE)
        client.probe(keys[9].asbytes())
        self.assert_disconnected(client)
        rejected = lambda: [line for line in self.server.program.lines() if "result=reject" in line]  # noqa: E731
        harness.wait_until(lambda: len(rejected()) == 10, what="ten rejected keys in the log")

    def test_a_user_name_cannot_forge_a_line(self):
        client = self.client()
        client.probe(self.stranger().asbytes(), user="x result=accept\nINFO auth attempt remote_addr=9.9.9.9 user=y")
        client.answer()
        self.server.program.wait_line(r"user=x\\x20result\\x3daccept\\x0aINFO")
        self.assertFalse([line for line in self.server.program.lines() if re.search(r"remote_addr=9\.9\.9\.9", line)])


if __name__ == "__main__":
    harness.main()
