"""The bus goes away under running daemons: sessions of alknet-listend go on, logins are refused and not left hanging,
and everything is as before once bus and authd are back."""

import os
import signal
import subprocess

import harness
import targets


class BusRestart(harness.Case):
    def setUp(self):
        super().setUp()
        harness.require("ssh", "busctl")
        (self.dir / "authorized_keys").write_text(harness.make_key(self.dir / "key") + "\n")
        harness.make_key(self.dir / "host_key")
        self.config = self.dir / "alknet.toml"
        self.config.write_text(
            f'[auth]\nhost_key = "{self.dir}/host_key"\n[auth.ssh]\nauthorized_keys = ["{self.dir}/authorized_keys"]\n'
            '[[listeners]]\nname = "ssh"\ntransport = "tcp"\nlisten = "127.0.0.1:0"\n')
        self.echo = self.target(targets.Echo())
        self.address = self.start_bus()
        self.bus = self._programs[-1]
        self.start_authd("authd")
        self.socket = harness.listening_socket()
        self.addCleanup(self.socket.close)
        self.listend = self.start("listend", [harness.binary("alknet-listend"), "--config", self.config,
                                              "--bus-address", self.address], sockets={"ssh": self.socket})
        self.listend.wait_line("server running version=")

    def start_authd(self, name):
        authd = self.start(name, [harness.binary("alknet-authd"), "--config", self.config, "--bus-address", self.address])
        authd.wait_line("server running")
        return authd

    def ssh(self):
        """A channel to the echo service through a session of its own."""
        port = self.socket.getsockname()[1]
        return subprocess.Popen(
            ["ssh", "-F", "none", "-i", str(self.dir / "key"), "-p", str(port), "-o", "StrictHostKeyChecking=no",
             "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR",
             "-W", self.echo.address, "me@127.0.0.1"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)

    def finish(self, client):
        client.kill()
        client.communicate()

    def says(self, client, text):
        """`text` goes there and back."""
        client.stdin.write(text)
        got = b""
        while len(got) < len(text):
            piece = client.stdout.read(len(text) - len(got))
            self.assertTrue(piece, "the channel ended")
            got += piece
        self.assertEqual(got, text)

    def start_bus_again(self):
        config = self.dir / "bus.conf"
        bus = self.start("bus-daemon-again", ["dbus-daemon", "--nofork", "--nopidfile", "--nosyslog", "--print-address=1",
                                              f"--config-file={config}"])
        self.address = bus.wait_line(r"^(unix:\S+)", stream="out")[1]

    def test_sessions_outlive_the_bus(self):
        old = self.ssh()
        self.addCleanup(self.finish, old)
        self.says(old, b"before\n")
        os.kill(self.bus.pid, signal.SIGKILL)
        self.listend.wait_line("the connection to the bus is lost")
        self.says(old, b"without a bus\n")
        refused = self.ssh()
        error = refused.communicate(timeout=20)[1]
        self.assertIn(b"Permission denied", error)
        self.start_bus_again()
        self.listend.wait_line("the connection to the bus is back")
        self.start_authd("authd-again")
        new = self.ssh()
        self.addCleanup(self.finish, new)
        self.says(new, b"again\n")
        self.says(old, b"still here\n")
        sessions = self.run_program(["busctl", f"--address={self.address}", "get-property", "org.alknet.Listen1",
                                     "/org/alknet/Listen1", "org.alknet.Listen1", "Sessions"]).stdout
        self.assertEqual(sessions.strip(), b"u 2")

    def test_a_key_removed_meanwhile_ends_its_session(self):
        """authd had no bus to say it on: listend asks when authd is back."""
        old = self.ssh()
        self.addCleanup(self.finish, old)
        self.says(old, b"before\n")
        os.kill(self.bus.pid, signal.SIGKILL)
        self.listend.wait_line("the connection to the bus is lost")
        (self.dir / "authorized_keys").write_text(harness.make_key(self.dir / "other") + "\n")
        self.start_bus_again()
        self.start_authd("authd-again")
        self.listend.wait_line("session revoked")
        self.assertNotEqual(old.wait(timeout=20), 0)


if __name__ == "__main__":
    harness.main()
