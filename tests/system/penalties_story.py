"""Penalties of the server itself, without fail2ban: who fails is refused, nobody else is, and no upgrade changes that."""

import json

import harness
import story
from client import Client


class Penalties(story.Case):
    def setUp(self):
        super().setUp()
        self.server_box, self.client = self.running_server()
        # One failure is enough, and lasts for longer than the story.
        self.server_box.write("/etc/alknet/alknet.toml.d/50-story.toml",
                              '[limits.penalties]\nauth_failure = "1h"\nmax = "1h"\n')
        self.server_box.run(["systemctl", "reload", "alknet-listend"])
        self.stranger = Client(self, self.server_box, self.network(self.server_box, 2), "stranger")
        self.stranger.trust()

    def reaches(self, client):
        try:
            client.tls().close()
            return True
        except OSError:  # a reset, in the middle of the handshake
            return False

    def listed(self):
        out = self.server_box.look(["alknetctl", "--json", "penalties"])
        return {one["source"]: one["reason"] for one in json.loads(out)["penalties"]}

    def assert_refused(self):
        self.assertEqual(self.listed(), {self.stranger.network.here: "auth-failure"})
        self.assertFalse(self.reaches(self.stranger))
        self.assertTrue(self.client.ssh_admits(), "nobody else is concerned")

    def test_who_fails_is_refused_until_pardoned(self):
        self.assertTrue(self.reaches(self.stranger))
        self.assertFalse(self.stranger.ssh_admits())
        harness.wait_until(self.listed, what="the penalty")
        self.assert_refused()
        self.server_box.run(["systemctl", "reload", "alknet-listend"])
        self.assert_refused()
        self.install_files(self.server_box, self.later_packages("+1"))
        self.assert_refused()
        denied = self.server_box.run(["alknetctl", "penalties", "--clear-all"], user="nobody", check=None)
        self.assertNotEqual(denied.returncode, 0)
        self.assert_refused()
        self.server_box.run(["alknetctl", "penalties", "--clear", self.stranger.network.here])
        self.assertEqual(self.listed(), {})
        self.assertTrue(self.reaches(self.stranger))


if __name__ == "__main__":
    harness.main()
