"""`alknetctl keys`: what it writes is what alknet-authd obeys, at once and without a restart."""

import json
import subprocess
import threading

import harness


class Keys(harness.Case):
    def setUp(self):
        super().setUp()
        self.keys = self.dir / "authorized_keys"

    def ctl(self, *arguments, check=0, stdin=None):
        command = [harness.binary("alknetctl"), *arguments]
        return self.run_program(command, check=check, **({"input": stdin, "stdin": None} if stdin else {}))

    def login(self, server, key, check=None):
        """Whether stock ssh gets in with that key; opening no channel, it is turned away after the login."""
        host, port = server.ssh
        done = self.run_program(
            ["ssh", "-v", "-F", "/dev/null", "-i", key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o",
             f"UserKnownHostsFile={server.known_hosts}", "-o", "ConnectTimeout=15", "-p", str(port), f"me@{host}",
             "true"], check=None)
        return b"Authenticated to" in done.stderr

    def test_a_key_lets_in_and_its_removal_shuts_out(self):
        harness.require("ssh", "ssh-keygen")
        server = self.serve()
        harness.make_key(self.dir / "new", comment="new laptop")
        self.assertFalse(self.login(server, self.dir / "new"))
        added = json.loads(server.ctl("keys", "add", self.dir / "new.pub", "--json").stdout)
        self.assertEqual(added["added"][0]["fingerprint"], harness.fingerprint(self.dir / "new.pub"))
        self.assertEqual((added["reload"]["state"], added["warnings"]), ("done", []))
        self.assertTrue(self.login(server, self.dir / "new"))
        listed = server.ctl("keys", "list").stdout.decode()
        self.assertIn("new laptop", listed)
        program = self.start("session", ["ssh", "-v", "-N", "-F", "/dev/null", "-i", self.dir / "new", "-o",
                                         "IdentitiesOnly=yes", "-o", f"UserKnownHostsFile={server.known_hosts}",
                                         "-p", str(server.ssh[1]), f"me@{server.ssh[0]}"])
        program.wait_line("Entering interactive session|pledge: network", timeout=30)
        server.ctl("keys", "remove", "new laptop")
        self.assertNotEqual(program.wait(), 0)  # revoked: the session ends, too
        self.assertFalse(self.login(server, self.dir / "new"))
        self.assertTrue(self.login(server, server.identity))

    def test_the_two_judges_agree(self):
        """What add takes, authd counts; what authd would leave out, add refuses."""
        harness.require("ssh-keygen")
        server = self.serve()
        line = harness.make_key(self.dir / "k")
        rsa = harness.make_key(self.dir / "rsa", kind="rsa", bits=2048)
        for bad in (rsa, f'command="x" {line}', f"unheard-of {line}", "-----BEGIN OPENSSH PRIVATE KEY-----"):
            refused = self.ctl("--state", server.state, "keys", "add", "-", check=1, stdin=bad.encode())
            self.assertIn(b"standard input:1: ", refused.stderr)
        before = json.loads(server.ctl("status", "--json").stdout)["auth"]["keys"]
        server.ctl("keys", "add", f'restrict,from="10.0.0.0/8" {line}')
        server.ctl("keys", "add", f"cert-authority {rsa}")
        status = json.loads(server.ctl("status", "--json").stdout)
        self.assertEqual(status["auth"]["keys"], before + 1)
        self.assertEqual(status["auth"]["certificate_authorities"], 1)
        self.assertEqual(status["auth"]["warnings"], [])
        self.assertIn(b"with other options", server.ctl("keys", "add", line, check=1).stderr)

    def test_without_a_server(self):
        harness.require("ssh-keygen")
        line = harness.make_key(self.dir / "k")
        nowhere = ["--bus-address", f"unix:path={self.dir}/none", "keys", "--file", self.keys]
        done = self.ctl(*nowhere, "add", line)
        self.assertIn(b"alknet-listend is not running", done.stdout)
        self.assertEqual(self.keys.read_text(), line + "\n")
        self.assertIn(b"already there", self.ctl(*nowhere, "add", "--no-reload", *line.split()).stdout)
        self.ctl(*nowhere, "remove", harness.fingerprint(self.dir / "k.pub"))
        self.assertEqual(self.keys.read_text(), "")
        self.ctl(*nowhere, "remove", "nobody", check=1)
        self.ctl(*nowhere, "add", check=2)
        self.ctl(*nowhere, check=2)

    def test_changes_at_the_same_time_are_all_kept(self):
        harness.require("ssh-keygen")
        lines = [harness.make_key(self.dir / f"k{number}") for number in range(12)]
        command = [harness.binary("alknetctl"), "keys", "--file", self.keys, "--no-reload", "add"]
        codes = []

        def add(line):
            codes.append(subprocess.run([*map(str, command), line], capture_output=True, timeout=60).returncode)

        threads = [threading.Thread(target=add, args=(line,)) for line in lines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(codes, [0] * len(lines))
        self.assertEqual(sorted(self.keys.read_text().splitlines()), sorted(lines))


if __name__ == "__main__":
    harness.main()
