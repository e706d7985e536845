"""Whom `alknet connect` trusts and as whom it logs in: host keys and identities, against OpenSSH's sshd."""

import os
import pathlib

import harness
from sshd_peer import Client, Terminal, new_key


class HostKeys(Client):
    def test_unknown_key_is_refused_with_the_mend(self):
        text = self.fails(trust=False)
        self.assertIn(f"--host-key {self.sshd.fingerprint}", text)
        self.connect("--host-key", self.sshd.fingerprint, trust=False)

    def test_pin_by_file(self):
        self.connect("--host-key", f"{self.sshd.host_key}.pub", trust=False)

    def test_wrong_pin(self):
        other = new_key(self.dir / "other")
        for pin in (harness.fingerprint(f"{other}.pub"), f"{other}.pub"):
            self.assertIn("not the one of --host-key", self.fails("--host-key", pin, trust=False))
        self.assertNotIn("Accepted publickey", self.sshd.program.text())

    def test_changed_key_is_refused_before_any_login(self):
        other = new_key(self.dir / "other")
        kind, key = pathlib.Path(f"{other}.pub").read_text().split()[:2]
        self.sshd.known_hosts.write_text(f"[127.0.0.1]:{self.sshd.port} {kind} {key}\n")
        text = self.fails()
        self.assertIn("HAS CHANGED", text)
        self.assertIn(f"{self.sshd.known_hosts}:1", text)
        self.assertNotIn("userauth-request", self.sshd.program.text())

    def test_revoked_key(self):
        line = self.sshd.known_hosts.read_text()
        self.sshd.known_hosts.write_text(line + "@revoked " + line)
        self.assertIn("revoked", self.fails())

    def test_hashed_file(self):
        self.run_program(["ssh-keygen", "-q", "-H", "-f", self.sshd.known_hosts])
        self.assertTrue(self.sshd.known_hosts.read_text().startswith("|1|"))
        self.connect()

    def test_trust_on_first_use_at_a_terminal(self):
        known = self.dir / "new" / "known_hosts"
        with Terminal(self, self.command("--known-hosts", known, trust=False)) as terminal:
            terminal.expect(rb"no, or the fingerprint\)\? ")
            terminal.type("yes\n")
            terminal.expect(rb"ready socks5=")
        self.assertIn(f"[127.0.0.1]:{self.sshd.port} ssh-ed25519 ", known.read_text())
        self.connect("--known-hosts", known, trust=False)

    def test_no_at_a_terminal(self):
        known = self.dir / "new" / "known_hosts"
        with Terminal(self, self.command("--known-hosts", known, trust=False)) as terminal:
            terminal.expect(rb"no, or the fingerprint\)\? ")
            terminal.type("no\n")
            terminal.expect(rb"error: .*not accepted")
            self.assertEqual(terminal.wait(), 1)
        self.assertFalse(known.exists())


class Identities(Client):
    def test_key_that_the_server_does_not_know(self):
        other = new_key(self.dir / "other")
        text = self.fails(identity=other)
        self.assertIn(harness.fingerprint(f"{other}.pub"), text)

    def test_missing_and_unusable_files(self):
        self.assertIn("nowhere", self.fails(identity=self.dir / "nowhere"))
        rsa = self.dir / "rsa"
        self.run_program(["ssh-keygen", "-q", "-t", "rsa", "-m", "PEM", "-N", "", "-f", rsa])
        self.assertIn("PEM", self.fails(identity=rsa))
        os.chmod(self.key, 0o644)
        self.assertIn("chmod 600", self.fails())

    def test_encrypted_key_asks_at_the_terminal(self):
        key = new_key(self.dir / "locked", passphrase="open sesame")
        self.sshd.accept(key)
        self.assertIn("encrypted", self.fails(identity=key))
        with Terminal(self, self.command(identity=key)) as terminal:
            terminal.expect(rb"Passphrase of .*locked: ")
            terminal.type("wrong\n")
            terminal.expect(rb"Passphrase of .*locked: ")
            terminal.type("open sesame\n")
            terminal.expect(rb"ready socks5=")
            self.assertNotIn(b"sesame", terminal.seen)

    def test_agent_holds_the_key(self):
        harness.require("ssh-agent", "ssh-add")
        agent_socket = self.dir / "agent"
        agent = self.start("agent", ["ssh-agent", "-D", "-a", agent_socket])
        harness.wait_until(agent_socket.exists)
        env = {"SSH_AUTH_SOCK": str(agent_socket)}
        # Others come first in the agent, and must not be offered.
        others = [new_key(self.dir / f"other{number}") for number in range(8)]
        key = new_key(self.dir / "locked", passphrase="open sesame")
        self.sshd.accept(key)
        asker = self.dir / "asker"
        asker.write_text("#!/bin/sh\necho 'open sesame'\n")
        asker.chmod(0o700)
        for name in [*others, key]:
            self.run_program(["ssh-add", name], env={**os.environ, **env, "SSH_ASKPASS": str(asker),
                                                     "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"})
        for identity in (key, f"{key}.pub"):
            program, _, _ = self.connect(identity=identity, env=env)
            program.stop()
        self.assertEqual(self.sshd.program.text().count("Failed publickey"), 0)
        self.assertNotIn(harness.fingerprint(f"{others[0]}.pub"), self.sshd.program.text())
        self.assertTrue(agent.running())


if __name__ == "__main__":
    harness.main()
