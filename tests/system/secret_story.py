"""alknet-secretd under systemd: started by the bus, locked memory within its limit, unattended after enrolling, gone with purge."""

import re

import harness
import story

abandon = "abandon " * 11 + "about"
identity = "SHA256:kpsHRIb1keQgUVKjeUG2NX4YbLSGpYjK+HCIyJMGuYg"


class Secrets(story.Case):
    def secret(self, machine, verb, given=None):
        pipe = "" if given is None else f"printf '{given}' | "
        return machine.run(f"{pipe}alknetctl secret {verb}").stdout

    def test_unlock_lock_and_restart(self):
        machine = self.server()
        self.assertEqual(machine.state("alknet-secretd"), "inactive")
        self.assertIn("locked", self.secret(machine, "status"))
        self.assertEqual(machine.state("alknet-secretd"), "active")
        self.secret(machine, "unlock --fd 0", f"{abandon}\\n\\n")
        self.assertIn("identity = ", machine.read("/etc/alknet/alknet.toml.d/50-identity.toml"))
        pid = machine.show("alknet-secretd.service", "MainPID")["MainPID"]
        self.assertGreaterEqual(int(re.search(r"VmLck:\s+(\d+) kB", machine.read(f"/proc/{pid}/status"))[1]), 512)
        self.assertIn("unlocked", self.secret(machine, "status"))
        machine.run(["systemctl", "restart", "alknet-secretd"])
        self.assertIn("state:       locked", self.secret(machine, "status"))

    def test_enrolled_it_unlocks_by_itself(self):
        machine = self.server()
        out = self.secret(machine, "enroll --fd 0", f"{abandon}\\n\\n")
        self.assertIn("no TPM", out)
        self.assertNotIn("abandon", machine.run("strings -a /etc/alknet/secret.cred || cat /etc/alknet/secret.cred").stdout)
        machine.run(["systemctl", "restart", "alknet-secretd"])
        self.assertIn("state:       unlocked, unattended", self.secret(machine, "status"))
        done = machine.run("alknetctl secret lock 2>&1").stdout
        self.assertIn("an enrolled credential is still there", done)
        self.assertIn("the credential is gone", self.secret(machine, "enroll --remove"))
        machine.run(["systemctl", "restart", "alknet-secretd"])
        self.assertRegex(self.secret(machine, "status"), r"state: +locked\n")


if __name__ == "__main__":
    harness.main()
