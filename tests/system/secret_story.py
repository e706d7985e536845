"""alknet-secretd under systemd: started by the bus, locked memory within its limit, unattended after enrolling; and the host key
and the proxy's password that alknet-listend gets from it."""

import re

import harness
import proxies
import story
import targets
from client import Client, echoes

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

    def test_the_host_key_comes_from_the_seed(self):
        harness.require("openssl", "ssh")
        machine = self.server()
        machine.write("/etc/alknet/alknet.toml.d/50-host-key.toml", '[server]\nhost_key = "secret:"\n')
        machine.run(["systemctl", "enable", "--now", "alknet-listend"])
        client = Client(self, machine, self.network(machine))
        machine.run(["alknetctl", "keys", "add", client.line])
        self.assert_no_ssh(machine, client)

        self.secret(machine, "unlock --fd 0", f"{abandon}\\n\\n")
        derived = self.secret(machine, "derive \"m/74'/0'/1'/0'\"").split()
        client.known_hosts.write_text(f"[{client.network.there}]:443 {derived[0]} {derived[1]}\n")
        harness.wait_until(lambda: "host key taken" in "\n".join(machine.messages("-u", "alknet-listend")), what="the host key")
        self.assertTrue(client.ssh_admits())

        # What stands in the memory of one process alone is gone with it, and comes again for the next.
        machine.run(["systemctl", "restart", "alknet-listend"])
        harness.wait_until(lambda: machine.run(["alknetctl", "status"]).stdout.count(" SHA256:"), what="the host key after a restart")
        self.assertTrue(client.ssh_admits())
        self.secret(machine, "lock")
        self.assert_no_ssh(machine, client)

    def test_the_password_of_a_proxy(self):
        machine, client = self.running_server()
        echo = self.target(targets.Echo())  # out of the machine's reach: only the proxy gets there
        proxy = self.target_in(machine, lambda: proxies.Socks5Proxy(user="ada", password="s3cret"))
        machine.write("/etc/alknet/alknet.toml.d/50-proxy.toml",
                      f'[server.proxy]\nurl = "{proxy.url}"\nuser = "ada"\npassword = "secret:of-the-proxy"\n')
        machine.run(["systemctl", "reload", "alknet-listend"])
        self.wait_status(machine, "alknet-secretd is locked")
        _, path = client.forward(echo)
        self.secret(machine, "unlock --fd 0", f"{abandon}\\n\\n")
        self.wait_status(machine, "there is no such credential")  # says alknet-stored, which the bus has started
        machine.run("echo s3cret | alknetctl credential add of-the-proxy --fd 0")
        harness.wait_until(lambda: "password of the proxy taken" in "\n".join(machine.messages("-u", "alknet-listend")), what="the password")
        with client.open(path) as sock:
            self.assertTrue(echoes(sock, b"through the proxy"))
            self.secret(machine, "lock")
            self.wait_status(machine, "alknet-secretd is locked")
            self.assertTrue(echoes(sock, b"what is open stays"))
        with client.open(path) as sock:
            self.assertEqual(sock.recv(1), b"")
        self.assertEqual(proxy.connections, 1)

    def wait_status(self, machine, words):
        harness.wait_until(lambda: words in machine.run(["alknetctl", "status"], check=None).stdout, what=words)

    def assert_no_ssh(self, machine, client):
        """status says why, SSH gets no byte, and the web site answers."""
        harness.wait_until(lambda: "alknet-secretd is locked" in machine.run(["alknetctl", "status"], check=None).stdout, what="the cause")
        with client.tls() as sock:
            sock.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
            self.assertEqual(sock.recv(100), b"")
        with client.tls() as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            self.assertTrue(harness.receive_exactly(sock, 13).startswith(b"HTTP/1.1 404"))


if __name__ == "__main__":
    harness.main()
