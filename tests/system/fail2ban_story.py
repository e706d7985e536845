"""fail2ban with what our package ships and nothing else: who fails too often is turned away by the kernel, and let in again."""

import json

import announcing_proxy
import harness
import story
from client import Client


class OverIPv6:
    """A network, as one sees it who has IPv6 alone."""

    def __init__(self, network):
        self._network = network
        self.here, self.there = network.here6, network.there6

    def __getattr__(self, name):
        return getattr(self._network, name)


class Proxy(announcing_proxy.AnnouncingProxy):
    """In a network of its own, where its users are, too; says that they come from `announced`."""

    def __init__(self, network, announced):
        super().__init__((network.there, 443), announcing_proxy.v2(announced))
        self.network = network

    def onward(self):
        return self.network.inside(super().onward)


class ProxiedClient(Client):
    proxy = None

    @property
    def place(self):
        return self.proxy.address


class Ban(story.Case):
    def setUp(self):
        super().setUp()
        self.server_box, self.client = self.running_server()
        # The server's own penalties would turn the stranger away before the packet filter does.
        self.server_box.write("/etc/alknet/alknet.toml.d/50-test.toml", "[limits.penalties]\nenabled = false\n")
        self.server_box.run(["systemctl", "reload", "alknet-listend"])
        self.server_box.run(["systemctl", "start", "fail2ban"])
        self.wait_ready()

    def control(self, *arguments, check=0):
        return self.server_box.run(["fail2ban-client", *arguments], check=check).stdout

    def wait_ready(self):
        harness.wait_until(lambda: "alknet" in self.server_box.run(["fail2ban-client", "status"], check=None).stdout, 30,
                           "fail2ban has our jail")

    def banned(self):
        return self.control("get", "alknet", "banip").split()

    def attempt(self, client):
        """One failed login; whether the server was reached at all."""
        try:
            self.assertFalse(client.ssh_admits())
            return True
        except AssertionError as error:
            if "neither yes nor no" in str(error):
                return False
            raise

    def reaches(self, client):
        try:
            client.tls(timeout=5).close()
            return True
        except (ConnectionRefusedError, TimeoutError):
            return False

    def stranger(self, number, network=None, kind=Client):
        stranger = kind(self, self.server_box, network or self.network(self.server_box, number), f"stranger{number}")
        stranger.trust()
        return stranger

    def fail_until_banned(self, stranger, most=12):
        self.assertEqual(self.control("get", "alknet", "maxretry").strip(), "10")
        for _ in range(most):
            if not self.reaches(stranger):
                break
            self.attempt(stranger)
        harness.wait_until(lambda: stranger.network.here in self.banned(), 15, "the ban")

    def test_ban_and_unban(self):
        stranger = self.stranger(2)
        self.fail_until_banned(stranger)
        harness.wait_until(lambda: not self.reaches(stranger), 15, "the kernel turns it away")
        self.assertIn(stranger.network.here, self.server_box.run(["nft", "list", "ruleset"]).stdout)
        self.assertTrue(self.client.ssh_admits(), "nobody else is concerned")
        self.assertEqual(self.banned(), [stranger.network.here])
        self.control("set", "alknet", "unbanip", stranger.network.here)
        harness.wait_until(lambda: self.reaches(stranger), 15, "it may come again")
        self.assertEqual(self.banned(), [])

    def test_ban_and_unban_over_ipv6(self):
        stranger = self.stranger(2, OverIPv6(self.network(self.server_box, 2)))
        self.fail_until_banned(stranger)
        harness.wait_until(lambda: not self.reaches(stranger), 15, "the kernel turns it away")
        self.assertTrue(self.client.ssh_admits(), "nobody else is concerned")
        self.assertEqual(self.banned(), [stranger.network.here])
        self.control("set", "alknet", "unbanip", stranger.network.here)
        harness.wait_until(lambda: self.reaches(stranger), 15, "it may come again")

    def test_behind_a_proxy_it_is_the_client_who_is_banned(self):
        announced = "198.51.100.7"
        network = self.network(self.server_box, 3)
        path = "/etc/alknet/alknet.toml"
        text = self.server_box.read(path)
        self.assertEqual(text.count('name = "tls"\n'), 1)
        self.server_box.write(path, text.replace('name = "tls"\n', f'name = "tls"\nproxy_protocol_from = {json.dumps([network.here])}\n'))
        self.server_box.run(["systemctl", "restart", "alknet-listend"])
        stranger = self.stranger(3, network, ProxiedClient)
        stranger.proxy = self.target(network.inside(lambda: Proxy(network, announced)))
        for _ in range(10):
            self.assertTrue(self.attempt(stranger))
        harness.wait_until(self.banned, 15, "the ban")
        self.assertEqual(self.banned(), [announced])
        self.assertTrue(self.attempt(stranger), "the proxy still gets through: banning behind it is its own business")
        self.assertTrue(self.client.ssh_admits(), "who comes without a proxy needs no header")
        self.assertEqual(self.banned(), [announced])

    def test_who_logs_in_is_not_counted(self):
        for _ in range(12):
            self.assertTrue(self.client.ssh_admits())
        # Whatever came before is counted once this is: fail2ban reads the journal in order.
        stranger = self.stranger(2)
        self.attempt(stranger)
        harness.wait_until(lambda: "Currently failed:\t1" in self.control("status", "alknet"), 15, "one failure is counted")
        self.assertEqual(self.banned(), [])

    def test_forged_lines_ban_nobody(self):
        """A local user may write what listend writes, under its name and with its message id: the unit is the journal's."""
        real = "auth attempt remote_addr=10.77.9.9 user=x key_fingerprint=- result=reject"
        for _ in range(15):
            self.server_box.run(["systemd-cat", "-t", "alknet-listend", "echo", real], user="nobody")
        self.server_box.run(["logger", "-t", "alknet-listend[1]", real], check=None)
        forged = ("import socket\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
                  "for _ in range(15):\n    s.sendto(b'MESSAGE=" + real + "\\nMESSAGE_ID=ba05450b94bf453c961ed9ad57628a01\\n"
                  "SYSLOG_IDENTIFIER=alknet-listend\\nUNIT=alknet-listend.service\\n', '/run/systemd/journal/socket')\n")
        self.server_box.write("/root/forge.py", forged)
        self.server_box.run(["python3", "/root/forge.py"])
        self.server_box.write("/tmp/forge.py", forged)
        self.server_box.run(["python3", "/tmp/forge.py"], user="nobody")
        self.assertGreater(len(self.server_box.journal("MESSAGE_ID=ba05450b94bf453c961ed9ad57628a01")), 20)
        stranger = self.stranger(2)
        self.attempt(stranger)
        harness.wait_until(lambda: "Currently failed:\t1" in self.control("status", "alknet"), 15, "one failure is counted")
        self.assertEqual(self.banned(), [])


if __name__ == "__main__":
    harness.main()
