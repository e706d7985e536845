"""Stock SSH clients through both listeners, byte for byte: ssh -L, -D, -W, and dbclient."""

import concurrent.futures
import hashlib
import socket
import subprocess
import unittest

import harness
import served
import targets


def upload(sock, size, seed):
    """Sends a pattern, ends our direction, and gives the digest that the sink answers."""
    targets.send_pattern(sock, size, seed)
    sock.shutdown(socket.SHUT_WR)
    return harness.receive_all(sock, timeout=300).decode()


class Bytes(harness.Case):
    """-L on a Unix socket: no port to lose a race for."""

    def setUp(self):
        super().setUp()
        harness.require("ssh")
        self.server = self.serve()

    def through(self, forward_socket):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(300)
        sock.connect(str(forward_socket))
        return sock

    def forward_exactly(self, transport):
        size = harness.bulk_size
        sink, source = self.target(targets.Sink()), self.target(targets.Source(size, seed=2))
        up, down = self.dir / "up", self.dir / "down"
        self.server.ssh_forward("-L", f"{up}:{sink.address}", "-L", f"{down}:{source.address}", transport=transport)
        with self.through(up) as sock:
            self.assertEqual(upload(sock, size, 1), targets.pattern_digest(size, 1))
        with self.through(down) as sock:
            self.assertEqual(targets.stream_digest(sock, 300), (targets.pattern_digest(size, 2), size))

    def test_local_forward_on_tcp(self):
        self.forward_exactly("ssh")

    def test_local_forward_inside_tls(self):
        harness.require("openssl")
        self.forward_exactly("tls")

    def test_both_directions_at_once(self):
        echo = self.target(targets.Echo())
        self.server.ssh_forward("-L", f"{self.dir}/echo:{echo.address}")
        size = harness.sized(8, 256) * harness.MIB
        with self.through(self.dir / "echo") as sock, concurrent.futures.ThreadPoolExecutor(1) as sender:
            def send():
                targets.send_pattern(sock, size, 3)
                sock.shutdown(socket.SHUT_WR)
            sending = sender.submit(send)
            self.assertEqual(targets.stream_digest(sock, 300), (targets.pattern_digest(size, 3), size))
            sending.result()

    def test_a_target_that_ends_first_can_still_be_written_to(self):
        half = self.target(targets.HalfClose())
        self.server.ssh_forward("-L", f"{self.dir}/half:{half.address}")
        with self.through(self.dir / "half") as sock:
            self.assertEqual(harness.receive_all(sock), b"bye\n")
            sock.sendall(b"after your end")
        self.assertTrue(half.ended.wait(20))
        self.assertEqual(bytes(half.received), b"after your end")

    def test_many_channels_at_once(self):
        echo = self.target(targets.Echo())
        self.server.ssh_forward("-L", f"{self.dir}/echo:{echo.address}")

        def one(seed):
            data = targets.pattern_bytes(200_000, seed)
            with self.through(self.dir / "echo") as sock, concurrent.futures.ThreadPoolExecutor(1) as sender:
                sending = sender.submit(lambda: (sock.sendall(data), sock.shutdown(socket.SHUT_WR)))
                got = harness.receive_all(sock, 120)
                sending.result()
            return got == data
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            self.assertEqual(list(pool.map(one, range(100))), [True] * 100)


class Ways(harness.Case):
    def setUp(self):
        super().setUp()
        harness.require("ssh")
        self.server = self.serve()

    def test_dynamic_forward(self):
        web = self.target(targets.Http())
        port = harness.free_port()
        for transport in ("ssh", "tls"):
            with self.subTest(transport):
                ssh = self.server.ssh_forward("-D", f"127.0.0.1:{port}", transport=transport, name="ssh-" + transport)
                sock, reply = served.socks5(("127.0.0.1", port), web.host, web.port)
                self.assertEqual(reply, 0)
                with sock:
                    sock.sendall(b"GET /x HTTP/1.0\r\n\r\n")
                    self.assertTrue(harness.receive_all(sock).endswith(web.body))
                ssh.stop()

    def test_stdio_forward_keeps_half_close(self):
        sink = self.target(targets.Sink())
        data = targets.pattern_bytes(3 * harness.MIB, 4)
        done = self.run_program(["ssh", "-W", sink.address, *self.server.ssh_options()], stdin=None, input=data)
        self.assertEqual(done.stdout.decode(), hashlib.sha256(data).hexdigest())

    def test_names_are_resolved_at_the_server(self):
        web = self.target(targets.Http())
        done = self.run_program(["ssh", "-W", f"localhost:{web.port}", *self.server.ssh_options()], stdin=None,
                                input=b"GET / HTTP/1.0\r\n\r\n")
        self.assertIn(web.body, done.stdout)

    def test_ipv6_target(self):
        if not socket.has_ipv6:
            self.skipTest("no IPv6 here")
        try:
            web = self.target(targets.Http(host="::1"))
        except OSError:
            self.skipTest("no IPv6 loopback here")
        done = self.run_program(["ssh", "-W", f"[::1]:{web.port}", *self.server.ssh_options()], stdin=None,
                                input=b"GET / HTTP/1.0\r\n\r\n")
        self.assertIn(web.body, done.stdout)

    def refused(self, *arguments, pattern):
        done = self.run_program(["ssh", "-o", "LogLevel=INFO", *arguments[:-1], *self.server.ssh_options(),
                                 *([arguments[-1]] if arguments[-1] else [])], check=None, timeout=30)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr.decode(), pattern)

    def test_there_is_no_shell_and_no_command(self):
        self.refused("-T", None, pattern="open failed|administratively|refused|prohibited|closed")
        self.refused("-T", "true", pattern="open failed|administratively|refused|prohibited|closed")

    def test_remote_forward_is_refused(self):
        port = harness.free_port()
        self.refused("-N", "-R", f"{port}:127.0.0.1:1", None, pattern="remote port forwarding failed")

    def test_refused_target_ends_only_its_channel(self):
        echo = self.target(targets.Echo())
        closed = harness.free_port()
        ssh = self.server.ssh_forward("-L", f"{self.dir}/closed:127.0.0.1:{closed}", "-L", f"{self.dir}/echo:{echo.address}")
        for _ in range(3):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(20)
                sock.connect(f"{self.dir}/closed")
                self.assertEqual(harness.receive_all(sock), b"")
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(20)
            sock.connect(f"{self.dir}/echo")
            sock.sendall(b"alive")
            self.assertEqual(harness.receive_exactly(sock, 5), b"alive")
        self.assertTrue(ssh.running())

    def test_a_stranger_is_rejected_and_logged(self):
        harness.make_key(self.dir / "stranger")
        options = self.server.ssh_options(key=self.dir / "stranger")
        done = self.run_program(["ssh", "-W", "127.0.0.1:1", *options], check=255)
        self.assertIn(b"Permission denied (publickey)", done.stderr)
        mark = harness.fingerprint(self.dir / "stranger.pub")
        self.server.program.wait_line(r"auth attempt remote_addr=127\.0\.0\.1 user=alknet key_fingerprint="
                                      + mark.replace("+", r"\+") + " result=reject$")

    def test_rekeying_loses_nothing(self):
        sink = self.target(targets.Sink())
        data = targets.pattern_bytes(12 * harness.MIB, 9)
        done = self.run_program(["ssh", "-o", "RekeyLimit=1M", "-W", sink.address, *self.server.ssh_options()], stdin=None,
                                input=data, timeout=180)
        self.assertEqual(done.stdout.decode(), hashlib.sha256(data).hexdigest())


class Dropbear(harness.Case):
    def setUp(self):
        super().setUp()
        harness.require("dbclient", "dropbearconvert")
        self.server = self.serve()
        self.key = self.dir / "key.db"
        self.run_program(["dropbearconvert", "openssh", "dropbear", self.server.identity, self.key])

    def dbclient(self, *arguments, transport="ssh"):
        host, port = self.server.ssh if transport == "ssh" else self.server.tls
        command = ["dbclient", "-y", "-y", "-i", str(self.key), "-p", str(port), *arguments]
        if transport == "tls":
            command += ["-J", f"openssl s_client -quiet -connect {host}:{port} 2>/dev/null"]
        return [*command, f"alknet@{host}"]

    def test_stdio_forward(self):
        harness.require("openssl")
        echo = self.target(targets.Echo())
        data = targets.pattern_bytes(harness.MIB, 11)
        for transport in ("ssh", "tls"):
            with self.subTest(transport):
                client = subprocess.Popen(self.dbclient("-B", echo.address, transport=transport), stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                          env={"HOME": str(self.dir), "PATH": "/usr/bin:/bin"})
                self.addCleanup(client.wait)
                self.addCleanup(client.kill)
                with concurrent.futures.ThreadPoolExecutor(1) as sender:
                    sending = sender.submit(lambda: (client.stdin.write(data), client.stdin.flush()))
                    got = client.stdout.read(len(data))
                    sending.result()
                self.assert_same_bytes(got, data)
                client.stdin.close()
                client.stdout.close()

    def test_local_forward(self):
        size = harness.sized(8, 1024) * harness.MIB
        sink, port = self.target(targets.Sink()), harness.free_port()
        self.start("dbclient", self.dbclient("-N", "-L", f"127.0.0.1:{port}:{sink.host}:{sink.port}"),
                   env={"HOME": str(self.dir)})

        def connected():
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=300)
            except ConnectionRefusedError:
                return None
        with harness.wait_until(connected, what="dbclient listens") as sock:
            self.assertEqual(upload(sock, size, 12), targets.pattern_digest(size, 12))


class Certificates(harness.Case):
    """ssh(1) with a certificate: the authority alone lets it in, and takes it away again."""

    def setUp(self):
        super().setUp()
        harness.require("ssh")
        self.server = self.serve()
        self.ca = harness.make_key(self.dir / "ca")
        harness.make_key(self.dir / "one")
        self.server.drop_in.parent.mkdir(exist_ok=True)
        (self.dir / "cas").write_text(self.ca + "\n")
        self.server.configure(f"[auth.ssh]\ncert_authorities = ['{self.dir}/cas']\n")

    def certify(self, *arguments):
        (self.dir / "one-cert.pub").unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-s", self.dir / "ca", "-I", "x", "-n", "alknet", *arguments, self.dir / "one.pub"],
                       check=True, stdin=subprocess.DEVNULL)

    def through(self, echo):
        """What comes back through `ssh -W`."""
        done = subprocess.run(["ssh", "-W", echo.address, *self.server.ssh_options(key=self.dir / "one")], input=b"hello",
                              capture_output=True, timeout=60)
        return done.stdout

    def test_lets_in_and_forwards(self):
        echo = self.target(targets.Echo())
        self.assertEqual(self.through(echo), b"", "the key alone is unknown")
        self.certify()
        self.assertEqual(self.through(echo), b"hello")
        fingerprint = harness.fingerprint(self.dir / "one.pub")
        self.server.program.wait_line(rf"user=alknet key_fingerprint={harness.re.escape(fingerprint)} result=accept")
        self.certify("-O", "no-port-forwarding")
        self.assertEqual(self.through(echo), b"")

    def test_a_session_ends_with_its_authority(self):
        self.certify()
        session = self.start("ssh", ["ssh", "-v", "-N", *self.server.ssh_options(key=self.dir / "one")])
        session.wait_line(r"Entering interactive session|pledge: network", timeout=30)
        self.server.bus_call("org.alknet.Auth1", "/org/alknet/Auth1", "Reload")
        self.server.ctl("reload")  # nothing changed: it lives
        self.assertTrue(session.running())
        (self.dir / "cas").write_text("")
        self.server.ctl("reload")
        self.server.program.wait_line(r"session revoked")
        self.assertEqual(session.wait(), 255)


if __name__ == "__main__":
    harness.main()
