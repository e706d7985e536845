"""What a living server writes, read by the fail2ban filter: failed logins are taken for their sender, over TCP and TLS, and
nothing else is."""

import os
import re
import signal
import socket

import ban_filter
import harness
import targets

# "alknet-listend: INFO words ..." as `alknet serve` relays it; the journal carries the level as a field.
relayed = re.compile(r"^(alknet-\w+): (?:ERROR|WARN|INFO|DEBUG) (.*)$")


class LiveLines(harness.Case):
    def setUp(self):
        super().setUp()
        harness.require("fail2ban-regex", "ssh", "openssl")
        self.server = self.serve()
        self.server.never_penalise()
        harness.make_key(self.dir / "stranger")

    def journal_lines(self):
        """Everything that both daemons logged, as the systemd backend would hand it over."""
        found = [relayed.match(line) for line in self.server.program.lines("err")]
        return [f"tunnel {match[1]}[4711]: {match[2]}" for match in found if match]

    def ssh(self, transport="ssh", user="alknet", key=None, check=None):
        options = self.server.ssh_options(transport, key, user)
        return self.run_program(["ssh", "-W", self.web.address, *options], check=check, stdin=None,
                                input=b"GET / HTTP/1.0\r\n\r\n")

    def test_failures_and_nothing_else(self):
        self.web = self.target(targets.Http())
        for transport in ("ssh", "tls"):
            self.ssh(transport, user="mallory result=accept", key=self.dir / "stranger", check=255)
            self.assertIn(self.web.body, self.ssh(transport, check=0).stdout)
        with self.server.tls_socket() as web:
            web.sendall(b"GET / HTTP/1.0\r\n\r\n")
            harness.receive_all(web)
        for garbage in (b"", b"SSH-2.0-x\r\n\xff\xff\xff\xff", b"auth attempt remote_addr=9.9.9.9 user=a result=reject\n"):
            with socket.create_connection(self.server.ssh, timeout=20) as sock:
                sock.sendall(garbage)
        harness.wait_until(lambda: sum("connection closed" in line for line in self.journal_lines()) >= 8,
                           what="every connection is over")
        lines = list(dict.fromkeys(self.journal_lines()))
        rejected = [n for n, line in enumerate(lines) if line.endswith("result=reject")]
        self.assertTrue(rejected and any("result=accept" in line for line in lines))
        got = ban_filter.taken(self, lines)
        self.assertEqual(got, [(number, "127.0.0.1") for number in rejected])

    def test_an_authd_that_is_away_bans_nobody(self):
        self.web = self.target(targets.Http())
        os.kill(self.server.children("alknet-authd"), signal.SIGSTOP)
        pid = self.server.children("alknet-authd")
        self.addCleanup(lambda: self.server.program.running() and os.kill(pid, signal.SIGCONT))
        self.ssh(check=255)
        self.server.program.wait_line("peer unavailable", timeout=60)
        self.assertEqual(ban_filter.taken(self, list(dict.fromkeys(self.journal_lines()))), [])


if __name__ == "__main__":
    harness.main()
