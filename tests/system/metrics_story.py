"""The metrics over HTTP, as an installed server gives them: off until enabled, of this machine alone, by a user who may ask for
numbers and do nothing else."""

import re

import harness
import story
import targets
from client import echoes, listening

port = 10220
url = f"http://127.0.0.1:{port}/metrics"
unit = "alknet-metrics.socket"


class Metrics(story.Case):
    def setUp(self):
        super().setUp()
        self.box, self.client = self.running_server()

    def http(self, *arguments, check=0):
        return self.box.run(["curl", "-sS", "-m", "30", *arguments], check=check).stdout

    def counted(self, name):
        """The sum over all series of a metric."""
        lines = self.http("--fail", url).splitlines()
        return sum(int(line.rsplit(" ", 1)[1]) for line in lines if re.match(name + r"[{ ]", line))

    def as_metrics_user(self, command, check=0):
        return self.box.run(command, user="alknet-metrics", check=check).stdout

    def call(self, daemon, member, *arguments, **options):
        name = f"org.alknet.{daemon}1"
        return self.as_metrics_user(["busctl", "call", name, f"/org/alknet/{daemon}1", name, member, *arguments], **options)

    def test_off_until_enabled_then_counts_rise(self):
        self.assertEqual(self.box.state(unit), "inactive")
        self.http(url, check=7)  # refused
        before = listening(self.box)
        self.box.run(["systemctl", "enable", "--now", unit])
        self.assertEqual(listening(self.box), before, "the port is open to other machines")
        answer = self.http("-i", url).split("\n\n", 1)
        self.assertRegex(answer[0], r"^HTTP/1\.1 200 OK\nContent-Type: text/plain; version=0\.0\.4; charset=utf-8\n")
        self.assertEqual(answer[1].count("# TYPE alknet_up gauge\nalknet_up 1\n"), 1)

        logins, up = self.counted("alknet_logins_accepted_total"), self.counted("alknet_forwarded_bytes_total")
        opened, judged = self.counted("alknet_channels_opened_total"), self.counted("alknet_authd_verifications_total")
        echo = self.target_in(self.box, targets.Echo)
        _, path = self.client.forward(echo)
        with self.client.open(path) as sock:
            self.assertTrue(echoes(sock, b"x" * 1000))
            self.assertEqual(self.counted("alknet_logins_accepted_total"), logins + 1)
            self.assertEqual(self.counted("alknet_channels_opened_total"), opened + 1)
            self.assertEqual(self.counted("alknet_forwarded_bytes_total"), up + 2000)
            self.assertGreater(self.counted("alknet_authd_verifications_total"), judged)
            self.assertEqual(self.counted("alknet_identity_sessions"), 1)
        text = self.http(url)
        self.assertNotIn(echo.address.rsplit(":", 1)[1], re.sub(r"\d{10}", "", text))
        self.assertNotIn(self.client.network.here, text)

        # A restart turns nothing back.
        logins, up = self.counted("alknet_logins_accepted_total"), self.counted("alknet_forwarded_bytes_total")
        self.box.run(["systemctl", "restart", "alknet-listend"])
        self.assertEqual(self.counted("alknet_logins_accepted_total"), logins)
        self.assertGreaterEqual(self.counted("alknet_forwarded_bytes_total"), up)

        # A server that is down is seen to be down; the port stays.
        self.box.run(["systemctl", "stop", "alknet-listend"])
        self.assertIn("\nalknet_up 0\n", self.http("--fail", url))
        self.assertEqual(self.box.look(["systemctl", "--failed", "--no-legend"]), "")
        said = [entry["MESSAGE"] for entry in self.box.journal()
                if str(entry.get("UNIT") or entry.get("_SYSTEMD_UNIT")).startswith("alknet-metrics@")]
        self.assertEqual(said, [], "each look at the numbers leaves lines in the journal")

    def test_an_upgrade_turns_no_count_back_and_leaves_the_port(self):
        self.box.run(["systemctl", "enable", "--now", unit])
        self.assertTrue(self.client.ssh_admits())
        since = self.box.show(unit, "ActiveEnterTimestampMonotonic")
        for number in range(2):
            logins = self.counted("alknet_logins_accepted_total")
            self.assertEqual(logins, number + 1)
            self.install_files(self.box, self.later_packages(f"+{number}"))
            self.assertEqual(self.counted("alknet_logins_accepted_total"), logins)
            # The old engine has nobody left; what it has counted stays.
            harness.wait_until(lambda: self.counted("alknet_engines") == 1, what="the end of the old engine")
            self.assertEqual(self.counted("alknet_logins_accepted_total"), logins)
            self.assertTrue(self.client.ssh_admits())
        self.assertEqual(self.box.show(unit, "ActiveEnterTimestampMonotonic"), since)

    def test_what_is_answered_and_what_is_not(self):
        self.box.run(["systemctl", "start", unit])
        status = ["-o", "/dev/null", "-w", "%{http_code}"]
        self.assertEqual(self.http(*status, "--http1.0", url), "200")
        self.assertEqual(self.http(*status, "-I", url), "200")
        self.assertEqual(self.http(*status, url.replace("metrics", "")), "404")
        self.assertEqual(self.http(*status, "-d", "x=1", url), "405")
        raw = f"exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'nonsense\\r\\n\\r\\n' >&3; cat <&3"
        self.assertTrue(self.box.run(["bash", "-c", raw]).stdout.startswith("HTTP/1.1 400 "))
        silent = f"exec 3<>/dev/tcp/127.0.0.1/{port}; cat <&3"  # ends by itself
        self.assertEqual(self.box.run(["timeout", "30", "bash", "-c", silent]).stdout, "")

    def test_other_machines_are_kept_out_even_of_an_address_that_they_reach(self):
        there = self.client.network.there
        self.box.write(f"/etc/systemd/system/{unit}.d/story.conf", f"[Socket]\nListenStream={there}:{port}\n")
        self.box.run(["systemctl", "daemon-reload"])
        self.box.run(["systemctl", "start", unit])
        ask = self.client.network.command(["curl", "-sS", "-m", "3", f"http://{there}:{port}/metrics"])
        self.run_program(ask, check=28)  # not a word comes back
        self.box.write(f"/etc/systemd/system/{unit}.d/story.conf",
                       f"[Socket]\nListenStream={there}:{port}\nIPAddressAllow={self.client.network.here}\n")
        self.box.run(f"systemctl daemon-reload; systemctl restart {unit}")
        self.assertIn(b"alknet_up 1", self.run_program(ask).stdout)

    def test_its_user_may_look_at_numbers_and_do_nothing(self):
        self.assertIn("alknet_connections_accepted_total", self.call("Listen", "GetMetrics"))
        self.assertIn("alknet_authd_verifications_total", self.call("Auth", "GetMetrics"))
        for daemon, arguments in (("Listen", ["Reload"]), ("Listen", ["Disconnect", "t", "1"]), ("Listen", ["ListSessions"]),
                                  ("Listen", ["GetPolicy"]), ("Auth", ["Reload"]), ("Auth", ["Lookup", "s", "x"])):
            with self.subTest(f"{daemon} {arguments}"):
                self.assertRegex(self.call(daemon, *arguments, check=1), "(?i)denied|not authorized")
        for verb in (["reload"], ["disconnect", "1"], ["sessions"]):
            self.as_metrics_user(["alknetctl", *verb], check=4)
        self.assertIn("alknet_up 1", self.as_metrics_user(["alknetctl", "metrics"]))
        for path in ("/etc/alknet/authorized_keys", "/etc/alknet/ssh_host_ed25519_key", "/etc/alknet/tls/key.pem"):
            self.as_metrics_user(["cat", path], check=1)


if __name__ == "__main__":
    harness.main()
