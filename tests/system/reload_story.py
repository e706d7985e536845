"""systemctl reload: both daemons or neither, and an operator who is told what is wrong."""

import harness
import story
import targets
from client import Client, echoes

drop_in = "/etc/alknet/alknet.toml.d/50-story.toml"


class Reload(story.Case):
    def setUp(self):
        super().setUp()
        self.server_box, self.client = self.running_server()
        self.echo = self.target_in(self.server_box, targets.Echo)
        _, self.path = self.client.forward(self.echo)

    def generations(self):
        """What each daemon counts: (listend, authd)."""
        return [self.server_box.look(["busctl", "get-property", f"org.alknet.{name}1", f"/org/alknet/{name}1", f"org.alknet.{name}1",
                                      "Generation"]) for name in ("Listen", "Auth")]

    def test_a_bad_file_changes_nothing_and_is_named(self):
        server, before = self.server_box, self.generations()
        old = self.client.open(self.path)
        self.addCleanup(old.close)
        self.assertTrue(echoes(old, b"before"))
        server.write(drop_in, '[limits]\nmax_auth_attempts = 7\nlogin_grace_time = "soon"\nconnect_timeout = "soon"\n')
        # A key that is added at the same moment must not get in.
        other = Client(self, server, self.client.network, "other")
        other.trust()
        server.run(f"echo '{other.line}' >>/etc/alknet/authorized_keys")

        server.run(["systemctl", "reload", "alknet-listend"], check=1)
        status = server.look(["systemctl", "status", "--lines=50", "--full", "alknet-listend"])
        journal = "\n".join(server.messages("-u", "alknet-listend"))
        printed = server.run(["alknetctl", "reload"], check=1).stdout
        for said in (status, journal, printed):
            self.assertIn(f"{drop_in}:3: limits.login_grace_time", said)
            self.assertIn(f"{drop_in}:4: limits.connect_timeout", said)
        self.assertEqual(server.state("alknet-listend"), "active")
        self.assertEqual(self.generations(), before)

        self.assertTrue(echoes(old, b"an open tunnel goes on"))
        with self.client.open(self.path) as sock:
            self.assertTrue(echoes(sock, b"so do new channels"))
        self.assertTrue(self.client.ssh_admits(), "and new logins")
        self.assertFalse(other.ssh_admits())

        server.run(["rm", drop_in])
        server.run(["systemctl", "reload", "alknet-listend"])
        self.assertTrue(other.ssh_admits())

    def test_a_bad_key_file_is_the_other_daemons_no(self):
        server, before = self.server_box, self.generations()
        server.write(drop_in, '[forwarding]\ndefault = "deny"\n[auth.ssh]\nauthorized_keys = ["/etc/alknet/nowhere"]\n')
        server.run(["systemctl", "reload", "alknet-listend"], check=1)
        self.assertIn("/etc/alknet/nowhere", server.look(["systemctl", "status", "--full", "alknet-listend"]))
        self.assertIn("/etc/alknet/nowhere", server.run(["alknetctl", "reload"], check=1).stdout)
        self.assertEqual(self.generations(), before)
        with self.client.open(self.path) as sock:
            self.assertTrue(echoes(sock, b"still allowed"))

    def test_a_good_file_counts_from_the_next_decision_on_in_both(self):
        server = self.server_box
        other = Client(self, server, self.client.network, "other")
        other.trust()
        old = self.client.open(self.path)
        self.addCleanup(old.close)
        self.assertTrue(echoes(old, b"before"))
        server.write(drop_in, '[forwarding]\ndefault = "deny"\n')
        server.run(f"echo '{other.line}' >>/etc/alknet/authorized_keys")
        self.assertFalse(other.ssh_admits())
        server.run(["systemctl", "reload", "alknet-listend"])
        self.assertTrue(other.ssh_admits(), "authd has the new keys")
        with self.client.open(self.path) as sock:
            self.assertFalse(echoes(sock, b"refused"), "listend has the new rules")
        self.assertTrue(echoes(old, b"what was open stays"))

    def test_a_removed_key_ends_its_sessions(self):
        server = self.server_box
        old = self.client.open(self.path)
        self.addCleanup(old.close)
        self.assertTrue(echoes(old, b"before"))
        server.run(": >/etc/alknet/authorized_keys")
        server.run(["systemctl", "reload", "alknet-listend"])
        self.assertEqual(harness.receive_all(old, timeout=5), b"")
        self.assertFalse(self.client.ssh_admits())


if __name__ == "__main__":
    harness.main()
