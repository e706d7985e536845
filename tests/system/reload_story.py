"""systemctl reload: both daemons or neither, and an operator who is told what is wrong."""

import ssl

import harness
import story
import targets
from client import Client, echoes

drop_in = "/etc/alknet/alknet.toml.d/50-story.toml"


class Case(story.Case):
    def setUp(self):
        super().setUp()
        self.server_box, self.client = self.running_server()
        self.echo = self.target_in(self.server_box, targets.Echo)
        _, self.path = self.client.forward(self.echo)

    def generations(self):
        """What each daemon counts: (listend, authd)."""
        return [self.server_box.look(["busctl", "get-property", f"org.alknet.{name}1", f"/org/alknet/{name}1", f"org.alknet.{name}1",
                                      "Generation"]) for name in ("Listen", "Auth")]


class Reload(Case):
    def test_a_bad_file_changes_nothing_and_is_named(self):
        server, before = self.server_box, self.generations()
        old = self.client.open(self.path)
        self.addCleanup(old.close)
        self.assertTrue(echoes(old, b"before"))
        server.write(drop_in, '[limits]\nmax_auth_attempts = 7\nlogin_grace_time = "soon"\nconnect_timeout = "soon"\n')
        # A key that is added at the same moment must not get in.
        other = Client(self, server, self.client.network, "other")
        other.trust()
        server.run(f"echo '{other.line}' >>/etc/alknet/authorized_keys")

        server.run(["systemctl", "reload", "alknet-listend"], check=1)
        status = server.look(["systemctl", "status", "--lines=50", "--full", "alknet-listend"])
        journal = "\n".join(server.messages("-u", "alknet-listend"))
        printed = server.run(["alknetctl", "reload"], check=1).stdout
        for said in (status, journal, printed):
            self.assertIn(f"{drop_in}:3: limits.login_grace_time", said)
            self.assertIn(f"{drop_in}:4: limits.connect_timeout", said)
        self.assertEqual(server.state("alknet-listend"), "active")
        self.assertEqual(self.generations(), before)

        self.assertTrue(echoes(old, b"an open tunnel goes on"))
        with self.client.open(self.path) as sock:
            self.assertTrue(echoes(sock, b"so do new channels"))
        self.assertTrue(self.client.ssh_admits(), "and new logins")
        self.assertFalse(other.ssh_admits())

        server.run(["rm", drop_in])
        server.run(["systemctl", "reload", "alknet-listend"])
        self.assertTrue(other.ssh_admits())

    def test_a_bad_key_file_is_the_other_daemons_no(self):
        server, before = self.server_box, self.generations()
        server.write(drop_in, '[forwarding]\ndefault = "deny"\n[auth.ssh]\nauthorized_keys = ["/etc/alknet/nowhere"]\n')
        server.run(["systemctl", "reload", "alknet-listend"], check=1)
        self.assertIn("/etc/alknet/nowhere", server.look(["systemctl", "status", "--full", "alknet-listend"]))
        self.assertIn("/etc/alknet/nowhere", server.run(["alknetctl", "reload"], check=1).stdout)
        self.assertEqual(self.generations(), before)
        with self.client.open(self.path) as sock:
            self.assertTrue(echoes(sock, b"still allowed"))

    def test_a_good_file_counts_from_the_next_decision_on_in_both(self):
        server = self.server_box
        other = Client(self, server, self.client.network, "other")
        other.trust()
        old = self.client.open(self.path)
        self.addCleanup(old.close)
        self.assertTrue(echoes(old, b"before"))
        server.write(drop_in, '[forwarding]\ndefault = "deny"\n')
        server.run(f"echo '{other.line}' >>/etc/alknet/authorized_keys")
        self.assertFalse(other.ssh_admits())
        server.run(["systemctl", "reload", "alknet-listend"])
        self.assertTrue(other.ssh_admits(), "authd has the new keys")
        with self.client.open(self.path) as sock:
            self.assertFalse(echoes(sock, b"refused"), "listend has the new rules")
        self.assertTrue(echoes(old, b"what was open stays"))

    def test_a_removed_key_ends_its_sessions(self):
        server = self.server_box
        old = self.client.open(self.path)
        self.addCleanup(old.close)
        self.assertTrue(echoes(old, b"before"))
        server.run(": >/etc/alknet/authorized_keys")
        server.run(["systemctl", "reload", "alknet-listend"])
        self.assertEqual(harness.receive_all(old, timeout=5), b"")
        self.assertFalse(self.client.ssh_admits())


class Certificates(Case):
    """The pair of /etc/alknet/tls, renewed while people are connected."""

    place = "/etc/alknet/tls"

    def renew(self, until="20991231235959Z", parts=("cert", "key")):
        """A new pair where the old one was; what it is, in DER."""
        self.server_box.run(f"""mkdir -p /root/ca; cd /root/ca; : >index; date +1%N >serial
            printf '[ca]\\ndefault_ca=c\\n[c]\\ndatabase=index\\nserial=serial\\nnew_certs_dir=.\\ndefault_md=sha256\\npolicy=p\\n' >conf
            printf '[p]\\ncommonName=supplied\\n' >>conf
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out request -subj /CN=renewed 2>/dev/null
            openssl ca -batch -selfsign -config conf -keyfile key -in request -out cert -notext -startdate 20200101000000Z \\
                -enddate {until} 2>&1""")
        for part in parts:
            self.server_box.run(f"mv /root/ca/{part} {self.place}/{part}.pem")
        return ssl.PEM_cert_to_DER_cert(self.server_box.read(f"{self.place}/cert.pem"))

    def reload(self, check=0):
        self.server_box.run(["systemctl", "reload", "alknet-listend"], check=check)

    def refused(self, *words):
        """A reload that fails, and says why wherever an operator looks."""
        server, shown, before = self.server_box, self.client.certificate(), self.generations()
        self.reload(check=1)
        status = server.look(["systemctl", "status", "--lines=50", "--full", "alknet-listend"])
        journal = "\n".join(server.messages("-u", "alknet-listend"))
        printed = server.run(["alknetctl", "reload"], check=1).stdout
        for said in (status, journal, printed):
            for word in words:
                self.assertIn(word, said)
        self.assertEqual(self.generations(), before)
        self.assertEqual(self.client.certificate(), shown, "the old pair is still in force")

    def test_a_renewed_pair_is_for_new_handshakes(self):
        old = self.client.open(self.path)
        self.addCleanup(old.close)
        with self.client.tls() as idle:
            self.assertTrue(echoes(old, b"before"))
            first, pid = self.client.certificate(), self.server_box.show("alknet-listend", "MainPID")
            renewed = self.renew()
            self.assertNotEqual(renewed, first)
            self.assertEqual(self.client.certificate(), first, "files are never watched")
            self.reload()
            self.assertEqual(self.client.certificate(), renewed)
            self.assertTrue(echoes(old, b"what was open stays"))
            idle.sendall(b"GET / HTTP/1.0\r\n\r\n")
            self.assertEqual(harness.receive_exactly(idle, 5), b"HTTP/")
        self.assertTrue(self.client.ssh_admits())
        self.assertEqual(self.server_box.show("alknet-listend", "MainPID"), pid)
        self.assertEqual(len(self.server_box.look(["pgrep", "-x", "alknet-engine"]).split()), 1, "no new generation")

        # An engine that takes the place of this one has the new pair, too; so has every later reload.
        self.server_box.run(["pkill", "-KILL", "-x", "alknet-engine"])
        harness.wait_until(self.client.ssh_admits, what="the next engine")
        self.assertEqual(self.client.certificate(), renewed)
        again = self.renew()
        self.assertIn("server.tls.cert", self.server_box.run(["alknetctl", "reload"]).stdout)
        self.assertEqual(self.client.certificate(), again, "root's alknetctl reload does the same")

    def test_a_pair_that_does_not_fit_together(self):
        self.renew(parts=["cert"])
        self.refused(f"{self.place}/cert.pem with {self.place}/key.pem: ")
        # With what else is new on the disk: all or nothing.
        self.server_box.write(drop_in, '[forwarding]\ndefault = "deny"\n')
        self.refused(f"{self.place}/cert.pem with {self.place}/key.pem: ")
        with self.client.open(self.path) as sock:
            self.assertTrue(echoes(sock, b"still allowed"))
        self.server_box.run(f"mv /root/ca/key {self.place}/key.pem")
        self.reload()
        with self.client.open(self.path) as sock:
            self.assertFalse(echoes(sock, b"refused"))

    def test_a_file_that_is_not_there_or_not_a_certificate(self):
        self.server_box.run(f"mv {self.place}/key.pem /root/key.pem")
        self.refused(f"{self.place}/key.pem: No such file or directory")
        self.server_box.run(f"mv /root/key.pem {self.place}/key.pem; echo nonsense >{self.place}/cert.pem")
        self.refused(f"{self.place}/cert.pem with {self.place}/key.pem: certificate: ")
        self.server_box.run(f": >{self.place}/cert.pem")
        self.refused(f"{self.place}/cert.pem: is empty")
        self.renew()
        self.reload()

    def test_an_expired_certificate_is_a_warning(self):
        expired = self.renew(until="20210101000000Z")
        self.reload()
        self.assertEqual(self.client.certificate(), expired)
        self.assertIn("the certificate of listener tls has expired", self.server_box.messages("-u", "alknet-listend"))
        self.assertIn("expired on", self.server_box.run(["alknetctl", "status"]).stdout)

    def test_administrators_who_are_not_root(self):
        """They reload the configuration; the files belong to root, and nobody else may hand any over."""
        server, first = self.server_box, self.client.certificate()
        server.run("useradd --system --groups alknet-admin caretaker")
        self.renew()
        said = server.run(["alknetctl", "reload"], user="caretaker").stdout
        self.assertIn("were not read again", said)
        self.assertEqual(self.client.certificate(), first)
        refused = server.run(["busctl", "call", "org.alknet.Listen1", "/org/alknet/Listen1", "org.alknet.Listen1", "ReloadWithKeys",
                              "a(ssh)", "0"], user="caretaker", check=1).stdout
        self.assertIn("may not call", refused)


if __name__ == "__main__":
    harness.main()
