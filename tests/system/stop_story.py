"""Off is off: stopping closes the ports and ends everybody, and disabling leaves nothing."""

import time

import harness
import story
import targets
from client import echoes, listening


class Stop(story.Case):
    def setUp(self):
        super().setUp()
        self.server_box, self.client = self.running_server()
        self.tls = {"tcp *:443"}

    def processes(self):
        """Of alknet-listend's user, whatever they are."""
        return self.server_box.look(["ps", "-o", "pid=,args=", "-u", "alknet-listend"], check=None).strip()

    def assert_all_is_off(self):
        units = self.server_box.look(["systemctl", "list-units", "--all", "--plain", "--no-legend", "--state=active,activating,reloading,failed",
                                      "alknet-listend*", "alknet-ports.target"])
        self.assertEqual(units, "")
        self.assertEqual({port for port in listening(self.server_box) if port.endswith((":443", ":2222"))}, set())
        self.assertEqual(self.processes(), "")
        with self.assertRaises(ConnectionRefusedError):
            self.client.tls()

    def test_stop_ends_all_at_once(self):
        echo = self.target_in(self.server_box, targets.Echo)
        program, path = self.client.forward(echo)
        sock = self.client.open(path)
        self.addCleanup(sock.close)
        self.assertTrue(echoes(sock, b"before"))
        self.assertNotEqual(self.processes(), "")

        began = time.monotonic()
        self.server_box.run(["systemctl", "stop", "alknet-listend"])
        self.assertLess(time.monotonic() - began, 5)
        self.assert_all_is_off()
        self.assertEqual(harness.receive_all(sock), b"")
        program.wait()

        self.server_box.run(["systemctl", "start", "alknet-listend"])
        self.assertLessEqual(self.tls, listening(self.server_box))
        self.assertTrue(self.client.ssh_admits())

    def test_disable_leaves_nothing(self):
        self.server_box.run(["systemctl", "disable", "--now", "alknet-listend"])
        self.assert_all_is_off()
        links = self.server_box.look(["find", "/etc/systemd/system", "-name", "*alknet-listend*"])
        self.assertEqual(links, "")
        self.server_box.reboot()
        self.assertEqual({port for port in listening(self.server_box) if port.endswith(":443")}, set())
        self.assertEqual(self.processes(), "")

    def test_the_plain_port_comes_and_goes_with_the_service(self):
        """As the unit says: enable it, then restart the service."""
        both = self.tls | {"tcp *:2222"}
        self.server_box.run("systemctl enable alknet-listend-ssh.socket; systemctl restart alknet-listend.service")
        self.assertLessEqual(both, listening(self.server_box))
        banner = self.client.network.command(
            ["bash", "-c", f"exec 3<>/dev/tcp/{self.client.network.there}/2222; head -c 8 <&3"])
        self.assertEqual(self.run_program(banner).stdout, b"SSH-2.0-")
        self.server_box.run(["systemctl", "restart", "alknet-listend"])
        self.assertLessEqual(both, listening(self.server_box))
        self.server_box.run(["systemctl", "stop", "alknet-listend"])
        self.assert_all_is_off()
        self.server_box.run(["systemctl", "start", "alknet-listend"])
        self.assertLessEqual(both, listening(self.server_box))
        self.server_box.run(["systemctl", "disable", "--now", "alknet-listend-ssh.socket", "alknet-listend"])
        self.assert_all_is_off()

    def test_a_stop_of_the_machine_is_quick_and_in_order(self):
        echo = self.target_in(self.server_box, targets.Echo)
        program, _ = self.client.forward(echo)
        began = time.monotonic()
        self.server_box.halt()
        self.assertLess(time.monotonic() - began, 8)
        self.server_box.save_journal(self.dir / "journal")
        text = (self.dir / "journal").read_text()
        self.assertIn("alknet-listend.service: Deactivated successfully", text)
        self.assertIn("alknet-authd.service: Deactivated successfully", text)
        program.wait()


if __name__ == "__main__":
    harness.main()
