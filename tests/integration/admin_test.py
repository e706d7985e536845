"""What `alknetctl` says about a running server is what the server does."""

import json

import harness


class InForce(harness.Case):
    def setUp(self):
        super().setUp()
        self.server = self.serve()

    def ask(self, *arguments):
        return json.loads(self.server.ctl(*arguments, "--json").stdout)

    def metrics_with(self, line):
        text = self.server.ctl("metrics").stdout.decode()
        return text if line in text else None

    def test_policy_and_limits_are_those_of_the_last_reload(self):
        before = self.ask("policy")
        self.server.configure('[forwarding]\ndefault = "deny"\n[[forwarding.rules]]\ntarget = "192.0.2.7:443"\n'
                              'action = "allow"\ntransports = ["tls"]\n[limits]\nlogin_grace_time = "7s"\n'
                              'max_connections = 500\n')
        policy = self.ask("policy")
        self.assertEqual((policy["default"], policy["generation"]), ("deny", before["generation"] + 1))
        rule = policy["rules"][-1]  # arrays of tables append
        self.assertEqual(rule, {"index": len(before["rules"]), "action": "allow", "target": "192.0.2.7:443",
                                "principals": [], "transports": ["tls"]})
        explained = self.ask("explain", "", "192.0.2.7:443", "--transport", "tls")
        self.assertEqual(explained["rule"], rule["index"])
        limits = {limit["name"]: limit for limit in self.ask("limits")["limits"]}
        self.assertEqual((limits["login_grace_time"]["value"], limits["login_grace_time"]["unit"]), (7, "seconds"))
        self.assertEqual(limits["max_connections"]["value"], 500)
        # What is on disk alone is not in force.
        self.server.drop_in.write_text('[limits]\nmax_connections = 501\n')
        limits = {limit["name"]: limit["value"] for limit in self.ask("limits")["limits"]}
        self.assertEqual(limits["max_connections"], 500)
        self.assertIn(b"unlimited", self.server.ctl("limits").stdout)

    def test_status_tells_a_newcomer_what_is_missing(self):
        harness.require("openssl")
        status = self.ask("status")
        self.assertEqual([c["listener"] for c in status["certificates"]], ["tls"])
        self.assertTrue(status["certificates"][0]["self_signed"])
        self.assertIn("self-signed", status["missing"][0]["problem"])
        state, tls = self.server.state, self.server.state / "tls"
        self.run_program(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                          "-keyout", tls / "key.pem", "-out", tls / "cert.pem", "-days", "3", "-subj", "/CN=short"])
        self.server.ctl("reload")
        text = self.server.ctl("status").stdout.decode()
        end = self.run_program(["openssl", "x509", "-noout", "-enddate", "-dateopt", "iso_8601", "-in", tls / "cert.pem"])
        self.assertRegex(text, f"until {end.stdout.decode().split('=')[1].split()[0]}, [23] days")
        self.assertIn("renew it, then", text)
        (state / "authorized_keys").write_text("")
        self.server.ctl("reload")
        text = self.server.ctl("status").stdout.decode()
        command = f"alknetctl --state {state} keys add"
        self.assertIn(f"no keys: nobody can log in\n      {command}", text)

    def test_status_of_nothing(self):
        gone = self.run_program([harness.binary("alknetctl"), "--state", self.dir / "none", "status"], check=3)
        self.assertIn(f"alknet serve --state {self.dir}/none", gone.stdout.decode())
        self.assertIn("error: not running", gone.stderr.decode())

    def test_metrics_follow_the_server(self):
        harness.require("ssh")
        self.assertIn("\nalknet_sessions 0\n", self.server.ctl("metrics").stdout.decode())
        self.server.ssh_forward("-L", f"{self.dir}/forward:192.0.2.1:9")
        # The client hears of its login before the loop that keeps the sessions does.
        text = harness.wait_until(lambda: self.metrics_with("\nalknet_sessions 1\n"), what="the session in the metrics")
        identity = harness.fingerprint(f"{self.server.identity}.pub")
        self.assertIn(f'\nalknet_identity_sessions{{identity="{identity}"}} 1\n', text)
        self.assertIn(f'\nalknet_identity_logins_total{{identity="{identity}"}} 1\n', text)
        labels = 'listener="ssh",transport="tcp"'
        self.assertIn(f"\nalknet_connections_accepted_total{{{labels}}} 1\n", text)
        self.assertIn(f"\nalknet_logins_accepted_total{{{labels}}} 1\n", text)
        self.assertRegex(text, r'\nalknet_authd_verifications_total\{result="accept"\} [12]\n')
        self.assertRegex(text, r'\nalknet_certificate_expires_seconds\{listener="tls"\} \d{10}\n')
        gone = self.run_program([harness.binary("alknetctl"), "--state", self.dir / "none", "metrics"], check=3)
        self.assertIn("\nalknet_up 0\n", gone.stdout.decode())


if __name__ == "__main__":
    harness.main()
