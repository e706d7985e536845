"""What apt leaves on a machine: after installing, removing, installing again, and purging."""

import harness
import story
from client import listening

made = ("/etc/alknet/alknet.toml", "/etc/alknet/authorized_keys", "/etc/alknet/ssh_host_ed25519_key", "/etc/alknet/tls/key.pem",
        "/etc/alknet/tls/cert.pem")


class Packages(story.Case):
    def apt(self, machine, verb, *names):
        return machine.run(["apt-get", "-o", "Dpkg::Use-Pty=0", "-y", verb, *names], timeout=180).stdout

    def removable(self):
        return [name for name in self.packages() if name.startswith("alknet")]

    def ours(self, machine):
        """Files that bear our name."""
        found = machine.look(["find", "/etc", "/usr", "/lib/systemd", "/var", "/run/systemd", "-iname", "*alknet*", "-not", "-path",
                              "/var/lib/dpkg/*", "-not", "-path", "/var/cache/*", "-not", "-path", "/var/tmp/systemd-private-*"], check=None)
        return sorted(found.split())

    def test_installing_starts_nothing_that_listens(self):
        machine = self.machine()
        before, units = listening(machine), set(self.units(machine))
        self.install(machine)
        self.assertEqual(listening(machine), before)
        started = set(self.units(machine)) - units
        self.assertLessEqual(started, {"alknet-authd.service", "alknet.slice"})
        self.assertEqual(machine.look(["systemctl", "--failed", "--no-legend"]), "")
        self.assertEqual(machine.look(["systemctl", "is-system-running"]).strip(), "running")
        for user in ("alknet-listend", "alknet-authd", "alknet-secretd"):
            self.assertIn("nologin", machine.look(["getent", "passwd", user]))

    @staticmethod
    def units(machine):
        out = machine.look(["systemctl", "list-units", "--plain", "--no-legend", "--state=active", "alknet*"])
        return [line.split()[0] for line in out.splitlines()]

    def test_a_server_alone_needs_no_more_than_its_packages(self):
        """The metapackage brings everything that a server needs, by its dependencies."""
        machine = self.machine()
        names = {"alknet-server", "alknet-listend", "alknet-authd", "alknet-common", "alknetctl"}
        self.install(machine, *names)
        machine.run(["systemctl", "enable", "--now", "alknet-listend"])
        self.assertEqual(machine.state("alknet-listend"), "active")

    def test_remove_keeps_and_purge_takes(self):
        machine = self.server()
        machine.run(["systemctl", "enable", "--now", "alknet-listend"])
        line = harness.make_key(self.dir / "key")
        machine.run(["alknetctl", "keys", "add", line])
        host_key = machine.read("/etc/alknet/ssh_host_ed25519_key")
        machine.run(["systemctl", "enable", "--now", "alknet-metrics.socket"])

        self.apt(machine, "remove", *self.removable())
        self.assertEqual({port for port in listening(machine) if port.endswith(":443")}, set())
        self.assertEqual(machine.state("alknet-metrics.socket"), "inactive")
        for path in made:
            self.assertTrue(machine.exists(path), path)
        self.assertEqual(machine.look(["ps", "-o", "pid=", "-u", "alknet-listend,alknet-authd"], check=None).strip(), "")

        self.install(machine)
        machine.run(["systemctl", "enable", "--now", "alknet-listend"])
        self.assertEqual(machine.read("/etc/alknet/ssh_host_ed25519_key"), host_key)
        self.assertIn(line.split()[1], machine.read("/etc/alknet/authorized_keys"))

        machine.write("/etc/alknet/alknet.toml.d/50-mine.toml", "[limits]\nmax_auth_attempts = 7\n")
        self.apt(machine, "purge", *self.removable())
        self.assertEqual(self.ours(machine), [])
        self.assertEqual({port for port in listening(machine) if port.endswith(":443")}, set())
        self.assertEqual(machine.look(["systemctl", "--failed", "--no-legend"]), "")
        self.assertEqual(machine.look(["systemctl", "list-unit-files", "--no-legend", "alknet*"], check=None), "")


if __name__ == "__main__":
    harness.main()
