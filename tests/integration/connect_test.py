"""Our client with the programs people point at a SOCKS5 port: curl, proxychains4, ncat."""

import hashlib
import socket
import subprocess

import harness
import served
import targets


class Socks(harness.Case):
    def setUp(self):
        super().setUp()
        self.server = self.serve()

    def curl(self, proxy, url, *arguments, scheme="socks5h", check=0):
        return self.run_program(["curl", "-sS", "--max-time", "60", "-x", f"{scheme}://{proxy[0]}:{proxy[1]}", *arguments, url],
                                check=check)

    def test_curl_over_both_transports(self):
        harness.require("curl")
        web = self.target(targets.Http())
        for transport in ("tcp", "tls"):
            with self.subTest(transport):
                program, proxy = self.server.connect(transport=transport, name="connect-" + transport)
                self.assertEqual(self.curl(proxy, web.url).stdout, web.body)
                self.assertEqual(self.curl(proxy, f"http://localhost:{web.port}/").stdout, web.body)
                self.assertEqual(self.curl(proxy, web.url, scheme="socks5").stdout, web.body)
                self.assertEqual(program.stop(), 0)

    def test_curl_sees_refusals(self):
        harness.require("curl")
        _, proxy = self.server.connect()
        self.curl(proxy, f"http://127.0.0.1:{harness.free_port()}/", check=97)
        self.curl(proxy, "http://no-such-name.invalid/", check=97)

    def test_ipv6_literal(self):
        try:
            web = self.target(targets.Http(host="::1"))
        except OSError:
            self.skipTest("no IPv6 loopback here")
        harness.require("curl")
        _, proxy = self.server.connect()
        self.assertEqual(self.curl(proxy, web.url, scheme="socks5").stdout, web.body)

    def test_bulk_is_exact(self):
        size = harness.bulk_size
        sink, source = self.target(targets.Sink()), self.target(targets.Source(size, seed=6))
        for transport in ("tcp", "tls"):
            with self.subTest(transport):
                _, proxy = self.server.connect(transport=transport, name="bulk-" + transport)
                sock, reply = served.socks5(proxy, sink.host, sink.port)
                self.assertEqual(reply, 0)
                with sock:
                    sock.settimeout(300)
                    targets.send_pattern(sock, size, 5)
                    sock.shutdown(socket.SHUT_WR)
                    self.assertEqual(harness.receive_all(sock, 300).decode(), targets.pattern_digest(size, 5))
                sock, reply = served.socks5(proxy, source.host, source.port)
                self.assertEqual(reply, 0)
                with sock:
                    self.assertEqual(targets.stream_digest(sock, 300), (targets.pattern_digest(size, 6), size))

    def test_proxychains(self):
        harness.require("proxychains4", "curl")
        web = self.target(targets.Http())
        _, proxy = self.server.connect()
        config = self.dir / "proxychains.conf"
        config.write_text(f"strict_chain\nproxy_dns\nquiet_mode\n[ProxyList]\nsocks5 {proxy[0]} {proxy[1]}\n")
        done = self.run_program(["proxychains4", "-f", config, "curl", "-sS", "--max-time", "60", "--noproxy", "*", web.url])
        self.assertIn(web.body, done.stdout)

    def test_ncat(self):
        harness.require("ncat")
        sink = self.target(targets.Sink())
        _, proxy = self.server.connect()
        data = targets.pattern_bytes(harness.MIB, 8)
        done = subprocess.run(["ncat", "--proxy", f"{proxy[0]}:{proxy[1]}", "--proxy-type", "socks5", sink.host, str(sink.port)],
                              input=data, capture_output=True, timeout=60)
        self.assertEqual(done.stdout.decode(), hashlib.sha256(data).hexdigest(), done.stderr)

    def test_what_the_proxy_must_not_do(self):
        _, proxy = self.server.connect()
        cases = {
            "another version": (b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00", b""),
            "no method that we have": (b"\x05\x01\x02", b"\x05\xff"),
            "bind": (b"\x05\x01\x00\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x50", b"\x05\x00\x05\x07\x00\x01\0\0\0\0\0\0"),
            "unknown address type": (b"\x05\x01\x00\x05\x01\x00\x09\x7f\x00\x00\x01\x00\x50", b"\x05\x00\x05\x08\x00\x01\0\0\0\0\0\0"),
        }
        for name, (sent, expected) in cases.items():
            with self.subTest(name), socket.create_connection(proxy, timeout=20) as sock:
                sock.sendall(sent)
                self.assertEqual(harness.receive_all(sock), expected)
        # Names of the reserved prefix belong to the server itself; they do not leave through a proxy port.
        sock, reply = served.socks5(proxy, "alknet-control", 0)
        sock.close()
        self.assertNotEqual(reply, 0)

    def test_forwards(self):
        echo = self.target(targets.Echo())
        first, second = harness.free_port(), harness.free_port()
        self.server.connect("--forward", f"{first}:{echo.host}:{echo.port}",
                            "--forward", f"127.0.0.1:{second}:{echo.host}:{echo.port}")
        for port in (first, second):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
                sock.sendall(b"hello")
                sock.shutdown(socket.SHUT_WR)
                self.assertEqual(harness.receive_all(sock), b"hello")


class Ends(harness.Case):
    """Exit codes and what is said on stderr."""

    def attempt(self, *arguments, server=None, identity=None, known_hosts=None, transport="tcp"):
        host, port = self.server.ssh if transport == "tcp" else self.server.tls
        return self.run_program([harness.binary("alknet"), "connect", "--server", server or f"{host}:{port}", "--transport", transport,
                                 "--identity", identity or self.server.identity, "--known-hosts",
                                 known_hosts or self.server.known_hosts, *arguments], check=None, timeout=60)

    def assert_failed(self, done, code, pattern):
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertRegex(done.stderr.decode(), "(?m)^error: .*" + pattern)

    def setUp(self):
        super().setUp()
        self.server = self.serve()

    def test_socks_port_in_use(self):
        with harness.listening_socket() as taken:
            done = self.attempt("--socks5", f"127.0.0.1:{taken.getsockname()[1]}")
        self.assert_failed(done, 1, "")

    def test_unknown_host_key(self):
        (self.dir / "empty").write_text("")
        self.assert_failed(self.attempt("--socks5", "127.0.0.1:0", known_hosts=self.dir / "empty"), 1, "[Hh]ost key")

    def test_changed_host_key(self):
        other = harness.make_key(self.dir / "other").split()
        host, port = self.server.ssh
        (self.dir / "changed").write_text(f"[{host}]:{port} {other[0]} {other[1]}\n")
        self.assert_failed(self.attempt("--socks5", "127.0.0.1:0", known_hosts=self.dir / "changed"), 1, "HOST KEY")

    def test_rejected_key(self):
        harness.make_key(self.dir / "stranger")
        self.assert_failed(self.attempt("--socks5", "127.0.0.1:0", identity=self.dir / "stranger"), 1, "")

    def test_missing_identity_file(self):
        self.assert_failed(self.attempt("--socks5", "127.0.0.1:0", identity=self.dir / "none"), 1, "none")

    def test_nobody_listens(self):
        self.assert_failed(self.attempt("--socks5", "127.0.0.1:0", server=f"127.0.0.1:{harness.free_port()}"), 1, "")

    def test_untrusted_certificate_needs_insecure(self):
        self.assert_failed(self.attempt("--socks5", "127.0.0.1:0", transport="tls"), 1, "")
        done = subprocess.Popen([harness.binary("alknet"), "connect", "--server", "%s:%d" % self.server.tls, "--transport", "tls",
                                 "--identity", str(self.server.identity), "--known-hosts", str(self.server.known_hosts),
                                 "--socks5", "127.0.0.1:0", "--ca-file", str(self.server.state / "tls" / "cert.pem"),
                                 "--tls-server-name", "localhost"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(done.communicate)
        self.addCleanup(done.kill)
        self.assertRegex(done.stdout.readline(), b"^ready socks5=")

    def test_bad_command_line(self):
        self.assert_failed(self.attempt("--socks5", "nonsense"), 1, "nonsense")
        self.assertEqual(self.attempt("--no-such-flag").returncode, 2)


if __name__ == "__main__":
    harness.main()
