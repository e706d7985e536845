"""Sources that misbehave before a login: blamed for the right thing, refused by a reset, for a while; and nobody else is."""

import json
import os
import signal
import socket
import struct

import harness
import targets


class Penalties(harness.Case):
    def setUp(self):
        super().setUp()
        harness.require("ssh")
        self.server = self.serve()
        self.web = self.target(targets.Http())
        harness.make_key(self.dir / "stranger")

    def rules(self, text, more=""):
        self.server.configure(f"{more}\n[limits.penalties]\n{text}\n")

    def ssh(self, *options, key=None, check=None, transport="ssh"):
        arguments = self.server.ssh_options(transport)
        if key:
            arguments[arguments.index("-i") + 1] = str(key)
        return self.run_program(["ssh", "-W", self.web.address, *options, *arguments], check=check, stdin=None,
                                input=b"GET / HTTP/1.0\r\n\r\n")

    def logs_in(self, transport="ssh"):
        return self.web.body in self.ssh(transport=transport).stdout

    def penalties(self):
        return json.loads(self.server.ctl("--json", "penalties").stdout)

    def blamed_for(self):
        """Waits for the only source and gives the reason."""
        found = harness.wait_until(lambda: self.penalties()["penalties"], what="a penalty")
        self.assertEqual([one["source"] for one in found], ["127.0.0.1"])
        return found[0]["reason"]

    def ban(self):
        """An hour for 127.0.0.1."""
        self.rules('auth_failure = "1h"\nmax = "1h"')
        self.ssh(key=self.dir / "stranger", check=255)
        self.server.program.wait_line(r"source penalised source=127\.0\.0\.1 reason=auth-failure duration=3600$")

    def greeting(self, source):
        with socket.create_connection(self.server.ssh, timeout=20, source_address=(source, 0)) as sock:
            return harness.receive_exactly(sock, 4)

    def assert_reset(self, address):
        with self.assertRaises((ConnectionResetError, BrokenPipeError)):
            with socket.create_connection(address, timeout=20) as sock:
                sock.sendall(b"SSH-2.0-x\r\n")
                self.assertEqual(sock.recv(1), b"no byte at all")

    def open_and_close(self, *parts, address=None):
        with socket.create_connection(address or self.server.ssh, timeout=20) as sock:
            for part in parts:
                sock.sendall(part)
            if parts:
                try:
                    while sock.recv(65536):
                        pass
                except ConnectionResetError:
                    pass


class Blame(Penalties):
    """Each offence for long enough to be seen by a slow machine, and nobody is refused."""

    rules_for_all = "\n".join(f'{key} = "1m"' for key in ("auth_failure", "no_auth", "grace_exceeded", "protocol_error")) + \
        '\nmin = "1h"\nmax = "1h"'

    def setUp(self):
        super().setUp()
        self.rules(self.rules_for_all)

    def test_a_refused_key(self):
        self.ssh(key=self.dir / "stranger", check=255)
        self.assertEqual(self.blamed_for(), "auth-failure")

    def test_no_attempt(self):
        self.open_and_close()
        self.assertEqual(self.blamed_for(), "no-auth")

    def test_leaving_in_order_is_no_broken_protocol(self):
        """A client that does not trust the host key, and one that shares no algorithm."""
        self.ssh("-o", "UserKnownHostsFile=/dev/null", check=255)
        self.assertEqual(self.blamed_for(), "no-auth")
        self.server.ctl("penalties", "--clear-all")
        self.ssh("-o", "KexAlgorithms=diffie-hellman-group14-sha1", check=255)
        self.assertEqual(self.blamed_for(), "no-auth")

    def test_a_broken_protocol(self):
        for garbage in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 20000, b"SSH-2.0-x\r\n" + b"\xff" * 4096,
                        b"SSH-2.0-x\r\n" + struct.pack(">IB", 0xFFFFFFF0, 4) + b"\x14" * 64):
            with self.subTest(garbage[:20]):
                self.server.ctl("penalties", "--clear-all")
                self.open_and_close(garbage)
                self.assertEqual(self.blamed_for(), "protocol-error")

    def test_a_login_that_takes_too_long(self):
        self.rules(self.rules_for_all, more='[limits]\nlogin_grace_time = "1s"')
        with socket.create_connection(self.server.ssh, timeout=20) as sock:
            harness.receive_all(sock)
        self.assertEqual(self.blamed_for(), "grace-exceeded")

    def test_a_login_is_blameless_whatever_came_before(self):
        """Also at the end of the session: several refused keys, then the right one."""
        others = [arg for i in range(3) for arg in ("-i", self.dir / f"other{i}")]
        for i in range(3):
            harness.make_key(self.dir / f"other{i}")
        done = self.ssh(*others, check=0)
        self.assertIn(self.web.body, done.stdout)
        self.server.program.wait_line("connection closed")
        self.assertIn("result=reject", self.server.program.text())
        self.assertEqual(self.penalties()["penalties"], [])

    def test_our_own_failure_is_nobodys(self):
        authd = self.server.children("alknet-authd")
        os.kill(authd, signal.SIGSTOP)
        self.addCleanup(lambda: self.server.program.running() and os.kill(authd, signal.SIGCONT))
        self.ssh(check=255)
        self.server.program.wait_line("connection closed", timeout=60)
        os.kill(authd, signal.SIGCONT)
        self.assertEqual(self.penalties()["penalties"], [])

    def test_a_web_site_may_be_visited_as_often_as_one_likes(self):
        for number in range(40):
            if number % 2:
                self.open_and_close(address=self.server.tls)
            else:
                with self.server.tls_socket() as web:
                    web.sendall(b"GET /nothing HTTP/1.0\r\n\r\n")
                    self.assertTrue(harness.receive_all(web).startswith(b"HTTP/1.1 404"))
        self.assertEqual(self.penalties()["penalties"], [])
        self.assertTrue(self.logs_in("tls"))


class Refusal(Penalties):
    def test_it_comes_together_and_decays(self):
        self.rules('auth_failure = "8s"\nmin = "10s"')
        self.ssh(key=self.dir / "stranger", check=255)
        self.assertTrue(self.logs_in(), "one failure is none")
        while not self.penalties()["penalties"] or not self.penalties()["penalties"][0]["refusing"]:
            self.ssh(key=self.dir / "stranger", check=255)
        self.assert_reset(self.server.ssh)
        self.assertEqual(self.greeting("127.0.0.2"), b"SSH-", "another source is another matter")
        harness.wait_until(self.logs_in, timeout=60, what="the penalty has passed")
        self.assertNotIn("127.0.0.1", [one["source"] for one in self.penalties()["penalties"]])

    def test_every_listener_resets_and_sessions_live_on(self):
        client, proxy = self.server.connect(transport="tcp")
        self.ban()
        self.assert_reset(self.server.ssh)
        self.assert_reset(self.server.tls)
        self.assertEqual(self.greeting("127.0.0.2"), b"SSH-")
        import served
        host, port = harness.split_address(self.web.address)
        sock, code = served.socks5(proxy, host, port)
        with sock:
            self.assertEqual(code, 0)
        self.assertTrue(client.running())

    def test_one_line_says_it_and_refusals_are_counted(self):
        self.ban()
        self.server.program.wait_line("connection closed")
        mark = self.server.program.mark()
        for _ in range(50):
            self.assert_reset(self.server.ssh)
        (listed,) = self.penalties()["penalties"]
        self.assertEqual((listed["refused"], listed["refusing"]), (50, True))
        self.assertIn(b'\nalknet_connections_refused_total{listener="ssh",reason="penalty",transport="tcp"} 50\n',
                      self.server.ctl("metrics").stdout)
        later = self.server.program.lines()[mark:]
        self.assertEqual([line for line in later if "127.0.0.1" in line], [])
        text = self.server.ctl("penalties").stdout.decode()
        self.assertRegex(text, r"^SOURCE +STATE +LEFT +LAST REASON +REFUSED\n127\.0\.0\.1 +refused +\S.* auth-failure +50\n$")

    def test_pardons(self):
        self.ban()
        self.assertFalse(self.logs_in())
        self.assertEqual(self.server.ctl("penalties", "--clear", "192.0.2.1").stdout, b"0 penalties are cleared\n")
        self.assertEqual(self.server.ctl("penalties", "--clear", "127.0.0.1").stdout, b"1 penalty is cleared\n")
        self.assertTrue(self.logs_in())
        self.ban()
        self.assertEqual(json.loads(self.server.ctl("--json", "penalties", "--clear-all").stdout), {"cleared": 1})
        self.assertTrue(self.logs_in())
        self.server.ctl("penalties", "--clear", "somewhere", check=2)
        self.server.ctl("penalties", "--clear", "192.0.2.1", "--clear-all", check=2)

    def test_exemptions_and_switching_off(self):
        for rule in ('exempt = ["127.0.0.0/8"]', "enabled = false"):
            self.ban()
            self.assertFalse(self.logs_in())
            self.rules(rule + '\nauth_failure = "1h"\nmax = "1h"')
            self.assertTrue(self.logs_in())
            self.ssh(key=self.dir / "stranger", check=255)
            self.assertTrue(self.logs_in())
            self.rules("")


if __name__ == "__main__":
    harness.main()
