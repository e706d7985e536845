"""The joint reload of alknet-listend and alknet-authd while people work."""

import json
import os
import signal
import socket
import threading
import time
import unittest

import harness
import served
import targets


class Reloads(harness.Case):
    def setUp(self):
        super().setUp()
        harness.require("ssh")
        self.server = self.serve()
        self.config = self.server.drop_in
        self.config.parent.mkdir()

    def forward(self, target):
        path = self.dir / f"forward{time.monotonic_ns()}"
        program = self.server.ssh_forward("-L", f"{path}:{target.address}")
        return path, program

    def open(self, path):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(30)
        sock.connect(str(path))
        return sock

    def test_reloads_under_load_drop_nothing(self):
        self.server.never_penalise()  # connections that want the banner alone
        echo = self.target(targets.Echo())
        path, _ = self.forward(echo)
        failures, rounds, done = [], [0], threading.Event()

        def traffic():
            try:
                with self.open(path) as long_lived:
                    while not done.is_set():
                        with self.open(path) as short:
                            for sock in (long_lived, short):
                                sock.sendall(b"x" * 5000)
                                harness.receive_exactly(sock, 5000)
                        with socket.create_connection(self.server.ssh, timeout=20) as fresh:
                            if not fresh.recv(8).startswith(b"SSH-2.0-"):
                                failures.append("no banner")
                        rounds[0] += 1
            except OSError as error:
                failures.append(repr(error))

        worker = threading.Thread(target=traffic)
        worker.start()
        for number in range(harness.sized(100, 1000)):
            self.config.write_text(f"[limits]\nmax_auth_attempts = {5 + number % 5}\n")
            self.server.ctl("reload")
        done.set()
        worker.join(60)
        self.assertEqual(failures, [])
        self.assertGreater(rounds[0], 10)

    def test_a_bad_file_changes_nothing_and_is_named(self):
        echo = self.target(targets.Echo())
        path, _ = self.forward(echo)
        digest = json.loads(self.server.ctl("status", "--json").stdout)["config_digest"]
        bad = {
            "[forwarding]\ndefualt = \"deny\"\n": "2: forwarding.defualt",
            "\n[limits]\n\nmax_auth_attempts = -3\n": "4: limits.max_auth_attempts",
            "[auth]\nnot toml at all\n": "2:",
            "[auth.ssh]\nauthorized_keys = [\"/nonexistent/keys\"]\n": "",
        }
        for text, where in bad.items():
            with self.subTest(where):
                self.config.write_text(text)
                refused = self.server.ctl("reload", check=1)
                self.assertIn(f"{self.config}:{where}" if where else "/nonexistent/keys", refused.stderr.decode())
                self.assertEqual(json.loads(self.server.ctl("status", "--json").stdout)["config_digest"], digest)
                with self.open(path) as sock:
                    sock.sendall(b"still here")
                    self.assertEqual(harness.receive_exactly(sock, 10), b"still here")

    def test_a_new_policy_rules_the_next_channel(self):
        echo = self.target(targets.Echo())
        path, _ = self.forward(echo)
        with self.open(path) as before:
            before.sendall(b"a")
            harness.receive_exactly(before, 1)
            self.config.write_text("[forwarding]\ndefault = \"deny\"\n")
            self.server.ctl("reload")
            with self.open(path) as refused:
                self.assertEqual(refused.recv(1), b"")
            before.sendall(b"b")  # an open channel is not cut
            self.assertEqual(harness.receive_exactly(before, 1), b"b")
        self.server.program.wait_line(r"channel refused .*reason=policy")

    def test_a_removed_key_ends_its_session_within_a_second(self):
        echo = self.target(targets.Echo())
        path, program = self.forward(echo)
        with self.open(path) as sock:
            sock.sendall(b"a")
            harness.receive_exactly(sock, 1)
            keys = self.server.state / "authorized_keys"
            keys.write_text("# nobody\n")
            self.server.ctl("reload")
            begin = time.monotonic()
            try:
                self.assertEqual(sock.recv(1), b"")
            except ConnectionResetError:
                pass
            self.assertLess(time.monotonic() - begin, 1.0)
        self.server.program.wait_line(r"session revoked ")

    def certificate(self):
        with self.server.tls_socket() as sock:
            return sock.getpeercert(binary_form=True)

    def test_a_renewed_certificate_is_shown_to_new_handshakes(self):
        harness.require("openssl")
        before = self.certificate()
        with self.server.tls_socket() as old:
            tls = self.server.state / "tls"
            self.run_program(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                              "-keyout", tls / "key.pem", "-out", self.dir / "new.pem", "-days", "2", "-subj", "/CN=renewed"])
            refused = self.server.ctl("reload", check=1)  # the new key with the old certificate
            self.assertIn("cert.pem", refused.stderr.decode())
            self.assertEqual(self.certificate(), before)
            (self.dir / "new.pem").rename(tls / "cert.pem")
            self.server.ctl("reload")
            self.assertNotEqual(self.certificate(), before)
            old.sendall(b"GET / HTTP/1.0\r\n\r\n")  # begun before: goes on
            self.assertTrue(old.recv(64).startswith(b"HTTP/1.1 404"))

    def test_without_authd_nothing_changes_and_logins_fail_closed(self):
        authd = self.server.children("alknet-authd")
        os.kill(authd, signal.SIGSTOP)
        try:
            self.config.write_text("[limits]\nmax_auth_attempts = 3\n")
            refused = self.server.ctl("reload", check=1)
            self.assertIn("authd", refused.stderr.decode())
            login = self.run_program(["ssh", *self.server.ssh_options()[:-1], self.server.ssh_options()[-1], "-N"],
                                     timeout=60, check=255)
            self.assertIn(b"Permission denied", login.stderr)
        finally:
            os.kill(authd, signal.SIGCONT)
        self.server.ctl("reload")
        _, program = self.forward(self.target(targets.Echo()))


if __name__ == "__main__":
    harness.main()
