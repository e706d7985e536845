"""Accounts as a newcomer meets them: the packages, alknetctl and nothing else; no file is edited, no daemon restarted."""

import json
import re
import time

import harness
import story
import targets
from client import Client, echoes

email = "ada@example.org"


class Newcomer(story.Case):
    def setUp(self):
        super().setUp()
        harness.require("openssl", "ssh")
        self.server_box = self.server()
        self.server_box.run(["systemctl", "enable", "--now", "alknet-listend"])
        self.client = Client(self, self.server_box, self.network(self.server_box))
        self.client.trust()

    def ctl(self, *arguments, check=0, given=""):
        return self.server_box.run(["alknetctl", *arguments], check=check, input=given).stdout

    def asked(self, *arguments):
        return json.loads(self.ctl(*arguments, "--json"))

    def account(self):
        """An account that owns an organisation and has a key; its session, which carries a connection."""
        made = self.asked("account", "add", email, "--name", "Ada")
        self.ctl("org", "add", "acme", "--owner", email, "--name", "Acme Ltd.")
        self.ctl("keys", "add", self.client.line, "--account", email)
        program, path = self.client.forward(self.target_in(self.server_box, targets.Echo))
        sock = self.client.open(path)
        self.addCleanup(sock.close)
        self.assertTrue(echoes(sock, b"an account's session"))
        [session] = self.asked("sessions")
        self.assertEqual(session["identity"], made["id"])
        return program

    def assert_gone_within_a_second(self, program, *revocation):
        begin = time.monotonic()
        self.ctl(*revocation)
        program.wait()
        took = time.monotonic() - begin
        print(f"#   {' '.join(revocation[:2])}: the session was gone after {took * 1000:.0f} ms", flush=True)
        self.assertLess(took, 1.0)
        self.assertEqual(self.asked("sessions"), [])
        self.assertFalse(self.client.ssh_admits())

    def test_from_an_account_to_its_end(self):
        self.assertEqual(self.server_box.state("alknet-stored"), "inactive")
        self.assertFalse(self.client.ssh_admits())
        program = self.account()
        self.assertEqual(self.server_box.state("alknet-stored"), "active")
        key = re.search(r"^alk_\S{43}$", self.ctl("apikey", "create", email, "--name", "backup", "--expires", "30d"), re.M)[0]
        self.assertIn("accepted", self.ctl("token", "verify", given=f"{key}\n"))
        self.ctl("apikey", "revoke", key[:8])
        self.assertIn("refused", self.ctl("token", "verify", given=f"{key}\n", check=1))
        self.assert_gone_within_a_second(program, "keys", "remove", self.client.fingerprint, "--account", email)
        self.assertIn("intact", self.ctl("audit", "verify"))
        place = ["org.alknet.Store1", "/org/alknet/Store1", "org.alknet.Store1"]
        self.assertIn("alknet_stored_rows", self.server_box.run(["busctl", "call", *place, "GetMetrics"], user="alknet-metrics").stdout)
        self.server_box.run(["busctl", "call", *place, "VerifyAudit", "s", ""], user="alknet-metrics", check=1)
        # The end of the log stands in the journal; the database alone cannot be made to agree with another.
        self.server_box.run(["systemctl", "stop", "alknet-stored"])
        self.assertRegex(self.ctl("audit", "verify"), r"anchors compared with: [1-9]\d*\nrows after the anchor: 0\n")
        self.server_box.run("systemctl stop alknet-stored; cp -a /var/lib/alknet-stored /root/older")
        self.ctl("account", "add", "later@example.org")
        self.server_box.run("systemctl stop alknet-stored; rm -r /var/lib/alknet-stored; cp -a /root/older /var/lib/alknet-stored")
        self.assertIn("the log ends before the anchor", self.ctl("audit", "verify", check=1))

    def test_a_graph_a_grant_and_whoever_watches(self):
        self.ctl("account", "add", email)
        self.server_box.run(["systemd-run", "--unit=watch", "alknetctl", "--json", "events", "watch", "nodes", "acl", "--from", "0"])
        kind = {"name": "projects", "config": {"graph_type": "directed"}, "node_types": [{"name": "task"}]}
        self.ctl("graph", "put-type", "-", given=json.dumps(kind))
        self.ctl("graph", "create", "projects", "house")
        self.ctl("graph", "put-node", "house", "roof", "task", "-", given='{"title":"Roof"}')
        self.assertEqual(self.asked("graph", "node", "house", "roof")["attributes"], {"title": "Roof"})
        asked = (email, "--scope", "house:read")
        self.assertIn("nobody within reach", self.ctl("acl", "explain", *asked))
        self.ctl("acl", "grant", "role:owners", "--scope", "house:read")
        self.ctl("acl", "join", email, "role:owners")
        self.assertIn("-belongs_to-> role:owners", self.ctl("acl", "explain", *asked))
        self.server_box.run(["systemctl", "restart", "alknet-stored"])  # whoever watches goes on
        self.ctl("acl", "unlink", email, "role:owners")
        self.ctl("acl", "check", *asked, check=1)

        def told():
            """Each once and in order, up to the newest."""
            seen = [json.loads(line)["seq"] for line in self.server_box.messages("-u", "watch") if line.startswith("{")]
            kept = [json.loads(line)["seq"] for line in self.ctl("events", "list", "nodes", "acl", "--json").splitlines()]
            return seen == kept and len(kept) > 3
        harness.wait_until(told, what="every event")
        self.assertTrue(any('"roof"' in line for line in self.server_box.messages("-u", "watch")))
        self.server_box.run(["systemctl", "stop", "watch"])
        self.assertEqual(self.server_box.run("systemctl is-failed watch || true").stdout.strip(), "inactive")

    def test_a_suspended_account_is_gone(self):
        self.assert_gone_within_a_second(self.account(), "account", "suspend", email)
        self.ctl("account", "activate", email)
        self.assertTrue(harness.wait_until(self.client.ssh_admits, what="the account is back"))

    def test_without_storage_configured_keys_still_log_in(self):
        program = self.account()
        other = Client(self, self.server_box, self.client.network, "configured")
        other.known_hosts.write_text(self.client.known_hosts.read_text())
        self.server_box.run(["alknetctl", "keys", "add", other.line])
        self.server_box.run(["systemctl", "mask", "--runtime", "--now", "alknet-stored"])
        self.assertTrue(other.ssh_admits())
        self.assertFalse(self.client.ssh_admits())
        self.assertTrue(any("accounts" in text for text in self.server_box.messages("-u", "alknet-authd")))
        self.server_box.run(["systemctl", "unmask", "--runtime", "alknet-stored"])
        harness.wait_until(self.client.ssh_admits, what="accounts are back")
        program.stop()


if __name__ == "__main__":
    harness.main()
