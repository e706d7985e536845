"""`alknet connect` against OpenSSH's sshd: the reference server decides whether our client speaks the protocol."""

import getpass
import os
import pathlib
import signal
import socket
import struct
import subprocess
import threading
import time

import harness
import served
import targets
from sshd_peer import Client


class Socks(Client):
    def test_addresses_and_names_through_curl(self):
        harness.require("curl")
        harness.require_name("localhost")  # sshd asks the machine
        four = self.target(targets.Http())
        six = self.target(targets.Http(host="::1"))
        _, proxy, _ = self.connect()
        for scheme, url in (("socks5", four.url), ("socks5h", f"http://localhost:{four.port}/"), ("socks5", six.url),
                            ("socks5h", six.url)):
            done = self.run_program(["curl", "-sS", "--noproxy", "", "-m", "20", "-x",
                                     f"{scheme}://{proxy[0]}:{proxy[1]}", url])
            self.assertEqual(done.stdout, four.body)

    def test_reply_codes(self):
        _, proxy, _ = self.connect()
        closed = harness.free_port()
        self.assertEqual(self.code(proxy, "127.0.0.1", closed), 5)
        self.assertEqual(self.code(proxy, "no-such-host.invalid", 80), 4)
        self.assertEqual(self.code(proxy, "alknet-control", 0), 2)
        # The refused ones left nothing behind.
        echo = self.target(targets.Echo())
        self.assertEqual(self.code(proxy, echo.host, echo.port), 0)

    def code(self, proxy, host, port):
        sock, code = served.socks5(proxy, host, port)
        sock.close()
        return code

    def test_raw_refusals(self):
        _, proxy, _ = self.connect()
        refusal = b"\x05%c\x00\x01\x00\x00\x00\x00\x00\x00"
        for sent, expected in ((b"\x05\x01\x02", b"\x05\xff"), (b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00", b""),
                               (b"\x05\x01\x00\x05\x02\x00\x01", b"\x05\x00" + refusal % 7),
                               (b"\x05\x01\x00\x05\x03\x00\x01", b"\x05\x00" + refusal % 7),
                               (b"\x05\x01\x00\x05\x01\x00\x09", b"\x05\x00" + refusal % 8)):
            with socket.create_connection(proxy, timeout=20) as sock:
                sock.sendall(sent)
                self.assertEqual(harness.receive_all(sock), expected, sent)

    def test_http_connect_on_the_same_port(self):
        harness.require("curl")
        web = self.target(targets.Http())
        _, proxy, _ = self.connect()
        through = ["curl", "-sS", "--noproxy", "", "-m", "20", "-p", "-x", f"http://{proxy[0]}:{proxy[1]}"]
        self.assertEqual(self.run_program([*through, web.url]).stdout, web.body)
        refused = self.run_program([*through, f"http://127.0.0.1:{harness.free_port()}/"], check=None)
        self.assertIn(b"502", refused.stderr)
        with socket.create_connection(proxy, timeout=20) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            self.assertTrue(harness.receive_all(sock).startswith(b"HTTP/1.1 405 "))

    def test_eager_data_behind_the_request(self):
        echo = self.target(targets.Echo())
        _, proxy, _ = self.connect()
        with socket.create_connection(proxy, timeout=20) as sock:
            sock.sendall(b"\x05\x01\x00\x05\x01\x00\x01" + socket.inet_aton(echo.host) + struct.pack(">H", echo.port) +
                         b"early")
            self.assertEqual(harness.receive_exactly(sock, 17), b"\x05\x00\x05\x00\x00\x01" + bytes(6) + b"early")

    def test_target_that_speaks_and_leaves_at_once(self):
        target = self.target(targets.HalfClose(b"x" * 100_000))
        _, proxy, _ = self.connect()
        for _ in range(20):
            sock, code = served.socks5(proxy, target.host, target.port)
            self.assertEqual(code, 0)
            self.assertEqual(harness.receive_all(sock), target.greeting)
            sock.close()

    def test_two_hundred_at_once(self):
        echo = self.target(targets.Echo())
        _, proxy, _ = self.connect()
        socks = [served.socks5(proxy, echo.host, echo.port)[0] for _ in range(200)]
        for number, sock in enumerate(socks):
            sock.sendall(b"%08d" % number)
        for number, sock in enumerate(socks):
            self.assertEqual(harness.receive_exactly(sock, 8), b"%08d" % number)
            sock.close()


class Forwards(Client):
    def forwarded(self, target, *arguments):
        _, _, forwards = self.connect("--forward", f"127.0.0.1:0:{target.host}:{target.port}", *arguments)
        return socket.create_connection(forwards[0], timeout=60)

    def test_bulk_up(self):
        size = harness.sized(64, 1024) * harness.MIB
        with self.forwarded(self.target(targets.Sink())) as sock:
            targets.send_pattern(sock, size)
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(harness.receive_all(sock, timeout=120).decode(), targets.pattern_digest(size))

    def test_bulk_down(self):
        size = harness.sized(64, 1024) * harness.MIB
        with self.forwarded(self.target(targets.Source(size))) as sock:
            self.assertEqual(targets.stream_digest(sock), (targets.pattern_digest(size), size))

    def test_bulk_both_ways_at_once(self):
        size = harness.sized(16, 256) * harness.MIB
        with self.forwarded(self.target(targets.Echo())) as sock:
            sender = threading.Thread(target=lambda: (targets.send_pattern(sock, size), sock.shutdown(socket.SHUT_WR)))
            sender.start()
            self.assertEqual(targets.stream_digest(sock), (targets.pattern_digest(size), size))
            sender.join()

    def test_half_close_by_the_target(self):
        target = self.target(targets.HalfClose(b"bye\n"))
        with self.forwarded(target) as sock:
            self.assertEqual(harness.receive_all(sock), b"bye\n")
            sock.sendall(b"still here")
            sock.shutdown(socket.SHUT_WR)
            self.assertTrue(target.ended.wait(20))
            self.assertEqual(bytes(target.received), b"still here")

    def test_slow_reader_loses_nothing(self):
        target = self.target(targets.SlowReader(first=10))
        size = 8 * harness.MIB
        with self.forwarded(target) as sock:
            sender = threading.Thread(target=lambda: (targets.send_pattern(sock, size), sock.shutdown(socket.SHUT_WR)))
            sender.start()
            target.release.set()
            self.assertEqual(harness.receive_all(sock, timeout=60).decode(), targets.pattern_digest(size))
            sender.join()

    def test_real_originator(self):
        program, _, forwards = self.connect("--forward", "127.0.0.1:0:127.0.0.1:9")
        with socket.create_connection(forwards[0], timeout=20) as sock:
            port = sock.getsockname()[1]
            self.assertEqual(harness.receive_all(sock), b"")
        self.sshd.program.wait_line(rf"originator 127.0.0.1 port {port}, target 127.0.0.1 port 9")
        self.assertTrue(program.running())

    def test_malformed_is_named(self):
        self.assertIn("80:host", self.fails("--forward", "80:host"))

    def test_ipv6_bind_and_target(self):
        echo = self.target(targets.Echo(host="::1"))
        _, _, forwards = self.connect("--forward", f"[::1]:0:[::1]:{echo.port}")
        with socket.create_connection(forwards[0], timeout=20) as sock:
            sock.sendall(b"six")
            self.assertEqual(harness.receive_exactly(sock, 3), b"six")


class Rekeying(Client):
    sshd_options = ("RekeyLimit 1M",)

    def test_bulk_survives_rekeys(self):
        size = 24 * harness.MIB
        _, _, forwards = self.connect("--forward", "127.0.0.1:0:127.0.0.1:%d" % self.target(targets.Echo()).port)
        with socket.create_connection(forwards[0], timeout=60) as sock:
            sender = threading.Thread(target=lambda: (targets.send_pattern(sock, size), sock.shutdown(socket.SHUT_WR)))
            sender.start()
            self.assertEqual(targets.stream_digest(sock), (targets.pattern_digest(size), size))
            sender.join()
        self.assertGreater(self.sshd.program.text().count("rekey"), 2)


class Tls(Client):
    """sshd behind stunnel."""

    def setUp(self):
        super().setUp()
        harness.require("stunnel", "openssl")
        self.cert, key = self.dir / "cert.pem", self.dir / "tls_key.pem"
        self.run_program(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                          "-keyout", key, "-out", self.cert, "-days", "2", "-subj", "/CN=tunnel.test", "-addext",
                          "subjectAltName=DNS:tunnel.test,IP:127.0.0.1"])
        self.port = harness.free_port()
        config = self.dir / "stunnel.conf"
        config.write_text(f"foreground = yes\nsyslog = no\npid =\ndebug = 5\n[ssh]\naccept = 127.0.0.1:{self.port}\n"
                          f"connect = 127.0.0.1:{self.sshd.port}\ncert = {self.cert}\nkey = {key}\n")
        self.start("stunnel", ["stunnel", config]).wait_line("Configuration successful")
        kind, public = pathlib.Path(f"{self.sshd.host_key}.pub").read_text().split()[:2]
        self.sshd.known_hosts.write_text(f"[127.0.0.1]:{self.port} {kind} {public}\n")

    def command(self, *arguments, **options):
        command = super().command("--transport", "tls", *arguments, **options)
        command[command.index("--server") + 1] = f"127.0.0.1:{self.port}"
        return command

    def test_verified_by_address(self):
        size = harness.sized(16, 256) * harness.MIB
        target = self.target(targets.Echo())
        _, _, forwards = self.connect("--ca-file", self.cert, "--forward", f"127.0.0.1:0:{target.host}:{target.port}")
        with socket.create_connection(forwards[0], timeout=60) as sock:
            sender = threading.Thread(target=lambda: (targets.send_pattern(sock, size), sock.shutdown(socket.SHUT_WR)))
            sender.start()
            self.assertEqual(targets.stream_digest(sock), (targets.pattern_digest(size), size))
            sender.join()

    def test_verified_by_name(self):
        self.connect("--ca-file", self.cert, "--tls-server-name", "tunnel.test")

    def test_wrong_name(self):
        self.assertIn("TLS", self.fails("--ca-file", self.cert, "--tls-server-name", "other.test"))

    def test_unknown_authority_and_insecure(self):
        self.assertIn("TLS", self.fails())
        self.assertNotIn("Connection from", self.sshd.program.text())
        self.connect("--insecure")

    def test_insecure_still_checks_the_host_key(self):
        self.assertIn("--host-key", self.fails("--insecure", trust=False))

    def test_unusable_ca_file(self):
        self.assertIn("nowhere", self.fails("--ca-file", self.dir / "nowhere.pem"))
        self.fails("--ca-file", self.key)

    def test_not_a_tls_server(self):
        command = self.command("--insecure")
        command[command.index("--server") + 1] = f"127.0.0.1:{self.sshd.port}"
        done = self.run_program(command, check=1)
        self.assertIn(b"TLS", done.stderr)

    def test_goodbye_through_tls(self):
        program, _, _ = self.connect("--insecure")
        mark = self.sshd.program.mark()
        self.assertEqual(program.stop(), 0)
        self.sshd.program.wait_line(r"disconnect.*shutdown", after=mark)


class Life(Client):
    def test_signals_end_it_with_a_goodbye(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            program, proxy, _ = self.connect()
            echo = self.target(targets.Echo())
            sock, _ = served.socks5(proxy, echo.host, echo.port)
            mark = self.sshd.program.mark()
            begun = time.monotonic()
            program.send_signal(number)
            self.assertEqual(program.wait(), 0)
            self.assertLess(time.monotonic() - begun, 3)
            self.sshd.program.wait_line(r"disconnect.*shutdown", after=mark)
            sock.close()

    def test_lost_session_ends_with_the_reason(self):
        program, _, _ = self.connect()
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.sshd.program.pid)], capture_output=True,
                                  text=True).stdout.split()
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        self.assertEqual(program.wait(), 1)
        self.assertRegex(program.text("err"), r"error: .*lost")

    def test_occupied_port_is_an_error(self):
        with harness.listening_socket() as occupied:
            port = occupied.getsockname()[1]
            self.assertIn(str(port), self.fails(socks5=f"127.0.0.1:{port}"))
            self.assertIn(str(port), self.fails("--forward", f"{port}:host.test:80"))

    def test_nobody_listens(self):
        command = self.command()
        command[command.index("--server") + 1] = f"127.0.0.1:{harness.free_port()}"
        done = self.run_program(command, check=1)
        self.assertIn(b"connection refused", done.stderr)

    def test_not_an_ssh_server(self):
        web = self.target(targets.HalfClose(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        command = self.command()
        command[command.index("--server") + 1] = web.address
        done = self.run_program(command, check=1)
        self.assertTrue(done.stderr.startswith(b"error: "), done.stderr)

    def test_usage_errors(self):
        alknet = harness.binary("alknet")
        self.run_program([alknet, "connect", "--nonsense"], check=2)
        self.run_program([alknet, "connect"], check=2, env={})
        self.run_program([alknet, "connect", "--help"])
        self.assertIn("incompatible", self.fails("--insecure"))
        self.assertIn("not available", self.fails("--proxy", "socks5://127.0.0.1:1"))

    def test_environment_names_server_and_identity(self):
        command = [str(harness.binary("alknet")), "connect", "--socks5", "127.0.0.1:0", "--known-hosts",
                   str(self.sshd.known_hosts)]
        program = self.start("connect", command, env={
            "ALKNET_SERVER": f"127.0.0.1:{self.sshd.port}", "ALKNET_IDENTITY": self.key, "USER": getpass.getuser()})
        program.wait_line("^ready socks5=")

    def test_open_listener_is_warned_about(self):
        program, _, _ = self.connect(socks5="0.0.0.0:0")
        self.assertIn("warning: ", program.text("err"))

    def test_destinations_stay_out_of_the_log(self):
        program, proxy, _ = self.connect("--forward", "127.0.0.1:0:marked-host.invalid:7")
        sock, code = served.socks5(proxy, "marked-name.invalid", 7)
        self.assertNotEqual(code, 0)
        program.stop()
        self.assertNotIn("marked", program.text())


if __name__ == "__main__":
    harness.main()
