"""Anchors of the audit log: what alknet-stored writes into its log while alknet-secretd is locked, unlocked, frozen or away, and what
`alknetctl audit verify` says about them."""

import base64
import json
import re
import signal
import subprocess
import time

import harness

words = "abandon " * 11 + "about"
# Of these words at m/74'/0'/2'/0'.
key_line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFLjS0D/nPeivKr7InkvOHwWk6lq3d9YnpeYvqPbwGWB"
identity = bytes.fromhex("e78c2766a792f09bfccb51493968ac322283e8d021a30063784d806929762ecc")  # of these words, too
other_line = "ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + identity).decode()
line = re.compile(r"audit anchor sequence=(\d+) hash=([0-9a-f]{64}) signature=(\S+) time=(\S+) key=(\S+)")


class Anchors(harness.Case):
    def setUp(self):
        super().setUp()
        self.address = self.start_bus()
        self.config = self.dir / "alknet.toml"
        self.config.write_text("")
        self.state = self.dir / "state"
        self.state.mkdir()
        self.starts = 0
        self.secretd = self.start_secretd()

    def start_secretd(self):
        self.starts += 1
        daemon = self.start(f"secretd{self.starts}", [harness.binary("alknet-secretd"), "--config", self.config,
                                                      "--bus-address", self.address])
        daemon.wait_line("server running|cannot lock")
        if "cannot lock" in daemon.text():
            self.skipTest("memory cannot be locked here")
        return daemon

    def start_stored(self):
        self.starts += 1
        daemon = self.start(f"stored{self.starts}", [harness.binary("alknet-stored"), "--config", self.config,
                                                     "--bus-address", self.address], env={"STATE_DIRECTORY": str(self.state)})
        daemon.wait_line("server running")
        return daemon

    def ctl(self, *arguments, given=b"", check=0):
        done = subprocess.run([harness.binary("alknetctl"), "--bus-address", self.address, *arguments], input=given,
                              capture_output=True, timeout=60)
        said = (done.stdout + done.stderr).decode()
        self.assertEqual(done.returncode, check, said)
        return said

    def unlock(self):
        self.ctl("secret", "--config", str(self.config), "unlock", "--force", "--fd", "0", given=words.encode() + b"\n\n")

    def add(self, name):
        self.ctl("account", "add", f"{name}@example.org")

    def told(self, daemon):
        """Each anchor of its log as the text that alknetctl takes."""
        anchors = []
        for sequence, digest, signature, when, key in line.findall(daemon.text()):
            bare = f"{sequence}:{digest}"
            anchors.append(bare if signature == "unsigned" else f"{bare}:{when}:{key}:{signature}")
        return anchors

    def signed(self):
        """A log of one row, and its signed anchor."""
        self.unlock()
        self.add("ada")
        self.assertEqual(self.stored.stop(), 0)
        anchor = self.told(self.stored)[-1]
        self.stored = self.start_stored()
        return anchor

    def test_what_was_unsigned_comes_again_once_the_secrets_are_unlocked(self):
        stored = self.start_stored()
        self.add("ada")
        self.assertEqual(stored.stop(), 0)
        self.assertEqual([anchor.count(":") for anchor in self.told(stored)], [1])
        self.assertIn("signature=unsigned time=- key=-", stored.text())
        stored = self.start_stored()
        stored.wait_line("audit anchor sequence=1")
        self.unlock()
        stored.wait_line(r"audit anchor sequence=1 .* key=[\w-]{43}$")
        unsigned, signed = self.told(stored)
        self.assertTrue(signed.startswith(unsigned + ":"))
        self.assertLess(abs(int(signed.split(":")[2]) - time.time()), 300)
        self.assertEqual(stored.stop(), 0)
        self.assertEqual(len(self.told(stored)), 2)
        self.assertIn(key_line, self.ctl("secret", "status"))

    def test_what_verify_says(self):
        self.stored = self.start_stored()
        anchor = self.signed()
        said = self.ctl("audit", "verify", "--anchor", anchor)
        self.assertIn("signatures: 1 signed and valid\nrows after the signed anchor: 0\n", said)
        self.add("bob")
        report = json.loads(self.ctl("--json", "audit", "verify", "--anchor", anchor, "--key", key_line))
        self.assertEqual((report["intact"], report["signatures"]["valid"], report["after_signed_anchor"]), (True, 1, 1))
        self.assertIn("signatures: 1 unsigned", self.ctl("audit", "verify", "--anchor", ":".join(anchor.split(":")[:2])))
        said = self.ctl("audit", "verify", "--anchor", anchor, "--key", other_line, check=1)
        self.assertIn("1 signed by another key", said)
        self.assertIn("no anchor is signed by the key that was given", said)
        said = self.ctl("audit", "verify", "--anchor", "2" + anchor[1:], check=1)
        self.assertIn("is WRONG", said)
        self.assertIn("compared with no anchor", said)
        self.assertIn("not the public half", self.ctl("audit", "verify", "--anchor", anchor, "--key", "nonsense", check=1))
        self.ctl("secret", "lock")
        self.assertIn("1 not checked (alknet-secretd is locked; give --key)", self.ctl("audit", "verify", "--anchor", anchor))
        self.assertIn("1 signed and valid", self.ctl("audit", "verify", "--anchor", anchor, "--key", key_line.split()[1]))

    def test_a_new_chain_contradicts_what_was_signed(self):
        self.stored = self.start_stored()
        anchor = self.signed()
        self.assertEqual(self.stored.stop(), 0)
        for file in self.state.iterdir():
            file.unlink()
        self.stored = self.start_stored()
        self.add("eve")
        said = self.ctl("audit", "verify", "--anchor", anchor, check=1)
        self.assertIn("it is not what the anchor says", said)
        self.assertIn("1 signed and valid", said)

    def test_a_stop_waits_a_moment_for_who_does_not_answer(self):
        stored = self.start_stored()
        self.unlock()
        self.secretd.send_signal(signal.SIGSTOP)
        self.addCleanup(self.secretd.send_signal, signal.SIGCONT)  # else it cannot be stopped
        self.add("ada")  # no change waits
        before = time.monotonic()
        self.assertEqual(stored.stop(), 0)
        self.assertGreater(9, time.monotonic() - before, "the daemon's own limit for a stop is 10 s")
        self.assertEqual([anchor.count(":") for anchor in self.told(stored)], [1])

    def test_without_the_service_anchors_are_unsigned(self):
        self.assertEqual(self.secretd.stop(), 0)
        stored = self.start_stored()
        self.add("ada")
        self.assertEqual(stored.stop(), 0)
        self.assertEqual([anchor.count(":") for anchor in self.told(stored)], [1])


if __name__ == "__main__":
    harness.main()
