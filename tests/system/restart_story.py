"""Daemons that are killed, restarted or frozen while people come and go."""

import time

import harness
import story
import targets
from client import echoes
from load import Load


class Case(story.Case):
    def setUp(self):
        super().setUp()
        self.server_box, self.client = self.running_server()
        self.echo = self.target_in(self.server_box, targets.Echo)

    def pid(self, unit):
        return int(self.server_box.show(unit, "MainPID")["MainPID"])

    def signal_main(self, unit, name):
        self.server_box.run(["systemctl", "kill", "--kill-whom=main", f"--signal={name}", unit])

    def wait_replaced(self, unit, old, timeout=20):
        def replaced():
            show = self.server_box.show(unit, "MainPID", "ActiveState")
            return show["ActiveState"] == "active" and int(show["MainPID"]) not in (0, old)

        harness.wait_until(replaced, timeout, f"{unit} is replaced")

    def open_tunnel(self):
        """A channel to the echo service that says something there and back."""
        _, path = self.client.forward(self.echo)
        sock = self.client.open(path)
        self.addCleanup(sock.close)
        self.assertTrue(echoes(sock, b"before"))
        return sock, path

    def short_watchdog(self, unit):
        """The unit's own is half a minute, which is long for a test."""
        self.assertEqual(self.server_box.show(unit, "WatchdogUSec")["WatchdogUSec"], "30s")
        self.server_box.write(f"/run/systemd/system/{unit}.d/story.conf", "[Service]\nWatchdogSec=2s\n")
        self.server_box.run(f"systemctl daemon-reload; systemctl restart {unit}")


class Authd(Case):
    unit = "alknet-authd.service"

    def outlived(self, happen):
        """Nobody but logins needs authd: tunnels and their new channels go on, every visitor is served."""
        sock, path = self.open_tunnel()
        old = self.pid(self.unit)
        with Load(self.client) as load:
            load.wait_served(5, harness.wait_until)
            happen()
            self.assertTrue(echoes(sock, b"meanwhile"))
            with self.client.open(path) as fresh:
                self.assertTrue(echoes(fresh, b"a channel meanwhile"))
            self.wait_replaced(self.unit, old)
            load.wait_served(5, harness.wait_until)
        self.assertEqual((load.refused, load.broken), (0, []))
        self.assertTrue(self.client.ssh_admits())
        self.assertTrue(echoes(sock, b"after"))

    def test_killed(self):
        self.outlived(lambda: self.signal_main(self.unit, "KILL"))

    def test_restarted(self):
        self.outlived(lambda: self.server_box.run(["systemctl", "restart", self.unit]))

    def test_frozen(self):
        self.short_watchdog(self.unit)
        self.outlived(lambda: self.signal_main(self.unit, "STOP"))
        self.assertTrue(any("atchdog" in text for text in self.server_box.messages("-u", self.unit)))

    def test_a_login_brings_it_back(self):
        """D-Bus starts what is asked for."""
        self.server_box.run(["systemctl", "stop", self.unit])
        self.assertTrue(self.client.ssh_admits())
        self.assertEqual(self.server_box.state(self.unit), "active")

    def test_killed_thirty_times(self):
        """No limit on starts: neither systemd nor D-Bus gives it up."""
        for _ in range(30):
            old = self.pid(self.unit)
            self.signal_main(self.unit, "KILL")
            self.wait_replaced(self.unit, old)
        self.assertTrue(self.client.ssh_admits())


class Listend(Case):
    unit = "alknet-listend.service"

    def loses_nobody(self, happen, served=5):
        """Whatever happens to the supervisor: nobody is refused or cut off, and a session goes on in the engine that it has."""
        sock, path = self.open_tunnel()
        with Load(self.client) as load:
            load.wait_served(served, harness.wait_until)
            happen()
            load.wait_served(served, harness.wait_until)
        self.assertEqual((load.refused, load.broken), (0, []))
        self.assertTrue(echoes(sock, b"after"))
        with self.client.open(path) as fresh:
            self.assertTrue(echoes(fresh, b"a channel after"))
        self.assertTrue(self.client.ssh_admits())
        return load

    def kill(self):
        old = self.pid(self.unit)
        self.signal_main(self.unit, "KILL")
        self.wait_replaced(self.unit, old)

    def test_killed(self):
        self.loses_nobody(self.kill)

    def test_killed_ten_times(self):
        self.loses_nobody(lambda: [self.kill() for _ in range(10)])
        self.assertEqual(self.server_box.state("alknet-listend.socket"), "active")

    def test_ten_restarts_lose_nobody(self):
        def restarts():
            for _ in range(10):
                self.server_box.run(["systemctl", "restart", "alknet-listend"])

        self.loses_nobody(restarts)
        self.assertEqual(self.server_box.state("alknet-listend.socket"), "active")

    def test_frozen(self):
        self.short_watchdog(self.unit)

        def freeze():
            old = self.pid(self.unit)
            self.signal_main(self.unit, "STOP")
            self.wait_replaced(self.unit, old)

        load = self.loses_nobody(freeze)
        self.assertLess(load.longest, 10)


class Engine(Case):
    unit = "alknet-listend.service"

    def engines(self):
        return [int(pid) for pid in self.server_box.look(["pgrep", "-x", "alknet-engine"], check=None).split()]

    def test_killed(self):
        """Its sessions end with it; nobody new is refused, and another one takes its place."""
        sock, _ = self.open_tunnel()
        with Load(self.client) as load:
            load.wait_served(5, harness.wait_until)
            self.server_box.run(["pkill", "-KILL", "-x", "alknet-engine"])
            load.wait_served(5, harness.wait_until)
        self.assertEqual(load.refused, 0)
        self.assertEqual(harness.receive_all(sock), b"")
        self.assertTrue(self.client.ssh_admits())
        self.assertEqual(len(self.engines()), 1)

    def scopes(self):
        return self.server_box.look(["systemctl", "list-units", "--plain", "--no-legend", "alknet-listend-*.scope"]).split("\n")[:-1]

    def test_an_older_generation_has_a_scope(self):
        sock, path = self.open_tunnel()
        old, = self.engines()
        self.server_box.run(["systemctl", "restart", "alknet-listend"])
        self.assertEqual([line.split()[0] for line in self.scopes()], [f"alknet-listend-{old}.scope"])
        self.assertIn(f"alknet-listend-{old}.scope", (self.server_box.look(["cat", f"/proc/{old}/cgroup"])))
        self.assertTrue(echoes(sock, b"goes on"))
        with self.client.open(path) as fresh:
            self.assertTrue(echoes(fresh, b"a channel after"))
        said = "\n".join(self.server_box.messages("-u", "alknet-listend*"))
        self.assertIn("engine draining", said)
        self.assertNotIn("left-over", said)
        # What fail2ban matches on: it holds for every generation.
        self.assertEqual({entry["_SYSTEMD_SLICE"] for entry in self.server_box.journal(f"_PID={old}")}, {"alknet.slice"})
        self.server_box.run(["systemctl", "stop", "alknet-listend"])
        self.assertEqual(self.engines(), [])
        harness.wait_until(lambda: self.scopes() == [], what="no scope is left")

    def test_a_stop_ends_a_frozen_older_generation(self):
        self.open_tunnel()
        old = self.engines()
        self.server_box.run(["systemctl", "restart", "alknet-listend"])
        harness.wait_until(lambda: len(self.engines()) == 2, what="a draining engine beside the new one")
        self.server_box.run(["kill", "-STOP", str(old[0])])
        began = time.monotonic()
        self.server_box.run(["systemctl", "stop", "alknet-listend"])
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(self.engines(), [])
        self.assertEqual(self.server_box.state("alknet-listend"), "inactive")
        with self.assertRaises(ConnectionRefusedError):
            self.client.tls()


if __name__ == "__main__":
    harness.main()
