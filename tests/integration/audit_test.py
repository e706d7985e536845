"""ssh-audit's view of the algorithms, against the policy beside this file."""

import pathlib

import harness


class Audit(harness.Case):
    def test_policy_passes(self):
        harness.require("ssh-audit")
        server = self.serve()
        policy = pathlib.Path(__file__).with_name("ssh-audit-policy.txt")
        done = self.run_program(["ssh-audit", "-P", policy, "-p", server.ssh[1], server.ssh[0]], check=None)
        self.assertEqual(done.returncode, 0, done.stdout.decode())

    def test_strict_key_exchange_is_offered(self):
        harness.require("ssh")
        server = self.serve()
        done = self.run_program(["ssh", "-vv", "-W", "127.0.0.1:1", *server.ssh_options()], check=None)
        self.assertRegex(done.stderr.decode(), r"debug2: KEX algorithms: .*kex-strict-s-v00@openssh\.com"
                                               r"|will use strict KEX ordering")


if __name__ == "__main__":
    harness.main()
