"""First boot to first tunnel: a machine, the built packages, and what the README says an operator does. Nothing else."""

import harness
import story
import targets
from client import Client, echoes, listening, unpacked


class FirstTunnel(story.Case):
    def setUp(self):
        super().setUp()
        harness.require("curl", "openssl", "ssh")
        self.packages()

    def prove(self, server, client):
        """alknet connect with curl, and stock ssh, both through port 443 from the other network."""
        web = self.target_in(server, lambda: targets.Http(b"a page behind the tunnel\n"))
        echo = self.target_in(server, targets.Echo)
        alknet = unpacked(self, self.packages("alknet")["alknet"]) / "usr/bin/alknet"
        program, socks5 = client.connect(alknet)
        self.assertEqual(client.page(socks5, web.url), web.body)
        self.assertEqual(program.stop(), 0)
        program, path = client.forward(echo)
        with client.open(path) as sock:
            self.assertTrue(echoes(sock, b"through stock ssh"))
        program.stop()

    def test_first_boot_to_first_tunnel(self):
        server = self.machine()
        network = self.network(server)
        client = Client(self, server, network)
        before = listening(server)
        self.install(server)
        self.assertEqual(listening(server), before, "installing opened a port")
        self.assertEqual(server.look(["systemctl", "is-enabled", "alknet-listend"], check=1).strip(), "disabled")

        server.run(["systemctl", "enable", "--now", "alknet-listend"])
        self.assertEqual(listening(server) - before, {"tcp *:443"})
        for unit in ("alknet-listend.service", "alknet-listend.socket", "alknet-authd.service", "alknet-ports.target"):
            self.assertEqual(server.state(unit), "active", unit)

        client.trust()
        self.assertFalse(client.ssh_admits())
        server.run(["alknetctl", "keys", "add", client.line])
        self.prove(server, client)

        # The next boot is like this one: same host key, same certificate, nobody did anything.
        certificate = client.certificate()
        server.reboot()
        self.assertEqual(server.look(["systemctl", "--failed", "--no-legend"]), "")
        again = Client(self, server, self.network(server, 2), "again")
        again.key, again.line = client.key, client.line
        again.trust()
        self.assertEqual(again.known_hosts.read_text().split()[1:], client.known_hosts.read_text().split()[1:])
        self.assertEqual(again.certificate(), certificate)
        self.prove(server, again)

    def test_addresses_of_both_families_stand_in_the_journal_as_people_write_them(self):
        server = self.server()
        server.run(["systemctl", "enable", "--now", "alknet-listend"])
        client = Client(self, server, self.network(server))
        client.trust()
        self.assertFalse(client.ssh_admits())
        client.network.there, client.network.here = client.network.there6, client.network.here6
        client.tls().close()
        opened = harness.wait_until(lambda: [e["ALKNET_REMOTE_ADDR"] for e in server.journal("-u", "alknet-listend")
                                             if e["MESSAGE"].startswith("connection closed")][1:])
        self.assertEqual(opened, ["fd77:1::2"])
        [judged] = [e for e in server.journal("-u", "alknet-listend") if e["MESSAGE"].startswith("auth attempt")]
        self.assertEqual(judged["MESSAGE"], "auth attempt remote_addr=10.77.1.2 user=alknet "
                                            f"key_fingerprint={client.fingerprint} result=reject")
        self.assertEqual((judged["_SYSTEMD_UNIT"], judged["_SYSTEMD_SLICE"]), ("alknet-listend.service", "alknet.slice"))


if __name__ == "__main__":
    harness.main()
