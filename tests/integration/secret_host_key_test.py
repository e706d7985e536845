"""[server] host_key = "secret:": alknet-listend with the key that follows from the seed in alknet-secretd."""

import json
import os
import signal
import socket
import subprocess

import bus_monitor
import harness
import served
import targets

abandon = "abandon " * 11 + "about"  # its SSH host key is a known answer
passphrase = "corr3ct h0rse battery st4ple"


class HostKey(harness.Case):
    def setUp(self):
        super().setUp()
        harness.require("ssh", "ssh-keyscan", "openssl")
        served.exempt_loopback(self.dir / "state")
        (self.dir / "state" / "alknet.toml.d" / "20-key.toml").write_text('[server]\nhost_key = "secret:"\n')
        self.server = self.serve()
        if not self.server.children("alknet-secretd"):
            self.skipTest("memory cannot be locked here")

    def status(self):
        return json.loads(self.server.ctl("--json", "status").stdout)

    def missing(self):
        return [one["problem"] for one in self.status()["missing"] if "host key" in one["problem"]]

    def unlock(self, words=abandon):
        done = subprocess.run([harness.binary("alknetctl"), "--state", self.server.state, "secret", "unlock", "--force",
                               "--fd", "0"], input=f"{words}\n{passphrase}\n".encode(), capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)

    def lock(self):
        self.server.ctl("secret", "lock")

    def wait_for_key(self):
        harness.wait_until(lambda: self.status()["host_key_fingerprint"], what="a host key")

    def wait_for_no_key(self, cause):
        harness.wait_until(lambda: any(cause in one for one in self.missing()), what=cause)
        self.assertEqual(self.status()["host_key_fingerprint"], "")

    def assert_silence(self):
        """On both listeners SSH gets no byte and an orderly end, and the web site answers."""
        with socket.create_connection(self.server.ssh, timeout=20) as plain:
            self.assertEqual(harness.receive_all(plain), b"")
        with self.server.tls_socket() as wrapped:
            wrapped.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
            self.assertEqual(wrapped.recv(100), b"")
        self.assert_web()

    def assert_web(self):
        with self.server.tls_socket() as wrapped:
            wrapped.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            self.assertTrue(harness.receive_exactly(wrapped, 13).startswith(b"HTTP/1.1 404"))

    def scan(self):
        """The public key that strangers are shown, and that alknetctl derives."""
        host, port = self.server.ssh
        shown = self.run_program(["ssh-keyscan", "-t", "ed25519", "-p", port, host]).stdout.decode().split()
        derived = self.server.ctl("secret", "derive", "m/74'/0'/1'/0'").stdout.decode().split()
        self.assertEqual(shown[1:3], derived[:2])
        for host, port in (self.server.ssh, self.server.tls):
            with open(self.server.known_hosts, "a") as known:
                known.write(f"[{host}]:{port} {' '.join(derived[:2])}\n")
        return derived[1]

    def reaches(self, transport="ssh"):
        web = self.target(targets.Http())
        done = self.run_program(["ssh", "-W", web.address, *self.server.ssh_options(transport)], stdin=None,
                                input=b"GET / HTTP/1.0\r\n\r\n")
        self.assertIn(web.body, done.stdout)

    def test_locked_unlocked_locked(self):
        self.wait_for_no_key("alknet-secretd is locked")
        self.assert_silence()
        self.assertIn(b"alknetctl --state", self.server.ctl("status").stdout)
        self.unlock()
        self.wait_for_key()
        self.scan()
        self.reaches()
        self.reaches("tls")
        self.assert_web()
        session = self.server.ssh_forward("-L", f"{self.dir}/forward:127.0.0.1:1")
        self.lock()
        self.wait_for_no_key("alknet-secretd is locked")
        self.assert_silence()
        self.assertTrue(session.running())  # what is there goes on
        self.assertEqual(len(json.loads(self.server.ctl("sessions", "--json").stdout)), 1)
        self.unlock()
        self.wait_for_key()
        self.reaches()
        text = self.server.program.text()
        for line in ("SSH clients are not served: alknet-secretd is locked", "host key missing kind=Locked",
                     "host key taken key_fingerprint=SHA256:", "client not served listener="):
            self.assertIn(line, text)

    def test_another_seed_is_another_server(self):
        self.unlock()
        self.wait_for_key()
        first = self.scan()
        self.lock()
        self.wait_for_no_key("alknet-secretd is locked")
        self.unlock("legal winner thank year wave sausage worth useful legal winner thank yellow")
        self.wait_for_key()
        self.assertNotEqual(self.scan(), first)

    def test_the_service_dies_and_comes_back(self):
        self.unlock()
        self.wait_for_key()
        os.kill(self.server.children("alknet-secretd"), signal.SIGKILL)
        # It is started again, and locked.
        self.wait_for_no_key("alknet-secretd is locked")
        self.assert_silence()
        self.unlock()
        self.wait_for_key()
        self.scan()
        self.reaches()

    def test_a_new_engine_fetches_the_key_too(self):
        self.unlock()
        self.wait_for_key()
        self.scan()
        engine = self.server.engine()
        os.kill(engine, signal.SIGKILL)
        harness.wait_until(lambda: (self.server.engine() or engine) != engine, timeout=30, what="another engine")
        self.wait_for_key()
        self.reaches()


class Monitored(harness.Case):
    """The daemons one by one, on a bus that lets itself be monitored."""

    def start_daemon(self, name, **options):
        daemon = self.start(name, [harness.binary(f"alknet-{name}"), "--config", self.config, "--bus-address", self.address], **options)
        daemon.wait_line("server running version|cannot lock")
        return daemon

    def secret(self, *arguments, given=b""):
        command = [harness.binary("alknetctl"), "--bus-address", self.address, "secret", "--config", str(self.config), *arguments]
        done = subprocess.run(command, input=given, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode().strip()

    def test_a_monitor_of_the_bus_sees_no_key(self):
        self.address = self.start_bus()
        self.config = self.dir / "alknet.toml"
        self.config.write_text('[server]\nhost_key = "secret:"\n[[listeners]]\nname = "ssh"\ntransport = "tcp"\n')
        if "cannot lock" in self.start_daemon("secretd").text():
            self.skipTest("memory cannot be locked here")
        self.start_daemon("authd")
        monitor = bus_monitor.BusMonitor(self, self.address)
        sock = harness.listening_socket()
        self.addCleanup(sock.close)
        listend = self.start_daemon("listend", sockets={"ssh": sock})
        listend.wait_line("alknet-secretd is locked")
        self.secret("unlock", "--fd", "0", given=f"{abandon}\n\n".encode())
        listend.wait_line("host key taken key_fingerprint=SHA256:")
        self.secret("lock")
        monitor.wait_for(b"\0Lock\0")
        self.assertIn(b"DeriveEd25519", monitor.messages)
        private = bytes.fromhex("be2dfaff0d268c833fd9c653b9bd352cef3ec2b211db804211c9f912b63dc3ab")  # a known answer
        self.assertEqual(monitor.sees(private), [])


if __name__ == "__main__":
    harness.main()
