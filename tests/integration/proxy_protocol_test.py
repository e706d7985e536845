"""Connections through a proxy that announces its clients: logs, limits, from= and what administrators see speak of the client;
nobody but a configured proxy is believed, and a configured proxy must announce."""

import json
import re
import socket
import ssl

import ban_filter
import harness
import targets
from announcing_proxy import LOCAL, UNKNOWN, AnnouncingProxy, v1, v2

relayed = re.compile(r"^(alknet-\w+): (?:ERROR|WARN|INFO|DEBUG) (.*)$")


class Proxied(harness.Case):
    proxies = '["127.0.0.1"]'

    def setUp(self):
        super().setUp()
        first = self.serve()  # makes keys and a configuration
        first.program.stop()
        config = first.state / "alknet.toml"
        text = config.read_text()
        self.assertEqual(text.count("[[listeners]]\n"), 2)
        config.write_text(text.replace("[[listeners]]\n", f"[[listeners]]\nproxy_protocol_from = {self.proxies}\n"))
        self.server = self.serve()
        self.log = self.server.program

    def send(self, header, to=None):
        sock = socket.create_connection(to or self.server.ssh, timeout=20)
        self.addCleanup(sock.close)
        sock.sendall(header)
        return sock

    def greeted(self, sock):
        return harness.receive_exactly(sock, 8) == b"SSH-2.0-"

    def assert_closed(self, sock):
        try:
            self.assertEqual(harness.receive_all(sock), b"")
        except ConnectionResetError:
            pass


class FromTheProxy(Proxied):
    def test_both_versions_and_families_on_tcp(self):
        for number, make in enumerate((v1, v2)):
            for address in (f"198.51.100.{number}", f"2001:db8::{number + 1}"):
                self.assertTrue(self.greeted(self.send(make(address))))
                self.log.wait_line(rf"INFO connection opened remote_addr={address} transport=tcp$")

    def test_a_mapped_address_is_printed_plainly(self):
        for number, make in enumerate((v1, v2)):
            self.assertTrue(self.greeted(self.send(make(f"::ffff:198.51.100.{number}"))))
            self.log.wait_line(rf"connection opened remote_addr=198\.51\.100\.{number} transport=tcp$")

    def test_tls_begins_behind_the_header(self):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with context.wrap_socket(self.send(v2("198.51.100.7"), to=self.server.tls)) as web:
            web.sendall(b"GET /nothing HTTP/1.0\r\n\r\n")
            self.assertTrue(harness.receive_all(web).startswith(b"HTTP/1.1 404"))
        self.log.wait_line(r"connection opened remote_addr=198\.51\.100\.7 transport=tls$")

    def test_a_header_of_curl(self):
        harness.require("curl")
        host, port = self.server.tls
        done = self.run_program(["curl", "-sk", "--haproxy-protocol", "--interface", "127.0.0.1", "-o", "/dev/null",
                                 "-w", "%{http_code}", f"https://{host}:{port}/nothing"])
        self.assertEqual(done.stdout, b"404")

    def test_a_header_in_pieces(self):
        for header in (v1("198.51.100.8"), v2("198.51.100.9")):
            sock = self.send(b"")
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in header:
                sock.sendall(bytes([byte]))
            self.assertTrue(self.greeted(sock))

    def test_health_checks_are_not_news(self):
        own = v1("127.0.0.1")  # so HAProxy does it with version 1
        for header, level in ((LOCAL, "DEBUG"), (own, "DEBUG"), (UNKNOWN, "INFO")):
            mark = self.log.mark()
            sock = self.send(header)
            self.assertTrue(self.greeted(sock))
            sock.close()
            self.log.wait_line(rf"{level} connection opened remote_addr=127\.0\.0\.1 transport=tcp$", after=mark)
            self.log.wait_line(rf"{level} connection closed remote_addr=127\.0\.0\.1 ", after=mark)
        for _ in range(3):
            sock = self.send(b"")  # connects and leaves
            harness.end_writing(sock)
            self.assert_closed(sock)
        self.assertNotIn("proxy header refused", self.log.text())

    def test_without_a_header_it_is_closed_and_said_once(self):
        for opening in (b"SSH-2.0-x\r\n", b"\x16\x03\x01", b"PROXY TCP4 nonsense\r\n", v2("198.51.100.7")[:20]):
            sock = self.send(opening)
            harness.end_writing(sock)
            self.assert_closed(sock)
        self.log.wait_line(r"WARN\w* proxy header refused proxy=127\.0\.0\.1 reason=missing$")
        self.assertEqual(sum("proxy header refused" in text for text in self.log.lines()), 1)
        self.assert_closed(self.send(b"SSH-2.0-x\r\n", to=self.server.tls))
        harness.wait_until(lambda: sum("proxy header refused" in text for text in self.log.lines()) == 2,
                           what="the other listener is another matter")
        self.assertFalse([text for text in self.log.lines() if "connection opened" in text])

    def test_silence_is_not_waited_for_for_ever(self):
        self.assert_closed(self.send(b"PROXY "))
        self.log.wait_line(r"proxy header refused proxy=127\.0\.0\.1 reason=timeout$")

    def test_limits_are_those_of_the_client(self):
        self.server.configure("[limits]\nmax_connections_per_ip = 1\n")
        first = self.send(v1("198.51.100.7"))
        self.assertTrue(self.greeted(first))
        self.assertTrue(self.greeted(self.send(v1("198.51.100.8"))))
        for _ in range(2):
            self.assertTrue(self.greeted(self.send(LOCAL)), "health checks are not counted for an address")
        self.assert_closed(self.send(v2("198.51.100.7")))
        self.log.wait_line(r"connection rejected remote_addr=198\.51\.100\.7 transport=tcp$")
        first.close()
        harness.wait_until(lambda: "remote_addr=198.51.100.7 duration=" in self.log.text(), what="its place is free")
        self.assertTrue(self.greeted(self.send(v2("198.51.100.7"))))

    def test_penalties_are_those_of_the_client(self):
        self.server.configure('[limits.penalties]\nno_auth = "1h"\nmax = "1h"\n')
        for header in (v1("198.51.100.7"), LOCAL, UNKNOWN):
            sock = self.send(header)
            self.assertTrue(self.greeted(sock))
            sock.close()
        self.log.wait_line(r"source penalised source=198\.51\.100\.7 reason=no-auth duration=3600$")
        self.assert_closed(self.send(v2("198.51.100.7")))
        for header in (v2("198.51.100.8"), LOCAL, UNKNOWN):
            self.assertTrue(self.greeted(self.send(header)), "a proxy is not blamed")
        listed = json.loads(self.server.ctl("--json", "penalties").stdout)["penalties"]
        self.assertEqual([(one["source"], one["refused"]) for one in listed], [("198.51.100.7", 1)])

    def test_a_change_waits_for_a_restart(self):
        config = self.server.state / "alknet.toml"
        config.write_text(config.read_text().replace(self.proxies, "[]"))
        self.assertIn(b"listeners[0].proxy_protocol_from", self.server.ctl("reload").stdout)
        self.assertTrue(self.greeted(self.send(v1("198.51.100.7"))))
        self.log.wait_line(r"connection opened remote_addr=198\.51\.100\.7 transport=tcp$")


class Clients(Proxied):
    """Real ones, and a proxy in front of both listeners."""

    def setUp(self):
        super().setUp()
        harness.require("ssh", "openssl")
        self.web = self.target(targets.Http())
        self.direct = {"ssh": self.server.ssh, "tls": self.server.tls}
        self.host_key = self.server.known_hosts.read_text().split("\n")[0].split(" ", 1)[1]

    def put_in_front(self, places):
        """Clients now go to `places`: {"ssh": (host, port), "tls": ...}."""
        for transport, place in places.items():
            setattr(self.server, transport, place)
        self.server.known_hosts.write_text("".join(f"[{host}]:{port} {self.host_key}\n" for host, port in places.values()))

    def through(self, make, address):
        self.put_in_front({name: self.target(AnnouncingProxy(place, make(address))).place
                           for name, place in self.direct.items()})

    def ssh(self, transport, key=None, user="alknet", check=0):
        options = self.server.ssh_options(transport, key, user)
        return self.run_program(["ssh", "-W", self.web.address, *options], check=check, stdin=None,
                                input=b"GET / HTTP/1.0\r\n\r\n")

    def sessions(self):
        return json.loads(self.server.ctl("--json", "sessions").stdout)

    def login_and_look(self, transport, address):
        """Stock ssh and ours get through, and are known by this address."""
        self.assertIn(self.web.body, self.ssh(transport).stdout)
        self.log.wait_line(rf"auth attempt remote_addr={address} user=alknet .* result=accept$")
        client, socks = self.server.connect(transport="tls" if transport == "tls" else "tcp")
        body = self.run_program(["curl", "-s", "--socks5-hostname", f"{socks[0]}:{socks[1]}", f"http://{self.web.address}/"])
        self.assertIn(self.web.body, body.stdout)
        self.assertIn(f'"{address}"', json.dumps(self.sessions()))
        client.stop()


class ThroughTheProxy(Clients):
    def test_stock_ssh_and_our_client(self):
        for number, (make, transport) in enumerate(((v1, "ssh"), (v2, "ssh"), (v1, "tls"), (v2, "tls")), 10):
            with self.subTest(make.__name__ + " " + transport):
                address = f"198.51.100.{number}"
                self.through(make, address)
                self.login_and_look(transport, address)

    def test_a_failed_login_is_the_clients(self):
        """For fail2ban: through the filter come the announced addresses, never that of the proxy."""
        harness.make_key(self.dir / "stranger")
        expected = []
        for number, (make, transport) in enumerate(((v1, "ssh"), (v2, "tls")), 7):
            for address in (f"203.0.113.{number}", f"2001:db8::{number}"):
                self.through(make, address)
                self.ssh(transport, key=self.dir / "stranger", user=f"u{number}", check=255)
                self.log.wait_line(rf"auth attempt remote_addr={address} user=u{number} .* result=reject$")
                expected.append(address)
        found = [relayed.match(line) for line in self.log.lines("err")]
        lines = list(dict.fromkeys(f"tunnel {match[1]}[4711]: {match[2]}" for match in found if match))
        self.assertEqual([address for _, address in ban_filter.taken(self, lines)], expected)

    def test_from_is_asked_for_the_announced_address(self):
        keys = self.server.state / "authorized_keys"
        keys.write_text(re.sub("(?m)^ssh-", 'from="198.51.100.0/24" ssh-', keys.read_text()))
        self.server.ctl("reload")
        self.through(v2, "198.51.100.7")
        self.assertIn(self.web.body, self.ssh("ssh").stdout)
        self.through(v2, "203.0.113.7")
        self.ssh("ssh", check=255)
        self.log.wait_line(r"auth attempt remote_addr=203\.0\.113\.7 .* result=reject$")

    def test_a_proxy_that_announces_nobody(self):
        self.through(lambda _: b"", "")
        self.ssh("ssh", check=255)
        self.log.wait_line(r"proxy header refused proxy=127\.0\.0\.1 reason=missing$")


class HAProxy(Clients):
    """The real one, with its health checks."""

    def haproxy(self, name, to, how):
        """From [::1] to 127.0.0.1, so that client and proxy differ."""
        port = harness.free_port("::1")
        path = self.dir / f"{name}.cfg"
        path.write_text(f"""
defaults
  mode tcp
  timeout connect 10s
  timeout client 60s
  timeout server 60s
listen {name}
  bind [::1]:{port}
  server alknet {to[0]}:{to[1]} {how} check inter 100ms check-send-proxy
""")
        self.start(name, ["haproxy", "-db", "-f", path])

        def listens():
            try:
                socket.create_connection(("::1", port), timeout=5).close()
                return True
            except ConnectionRefusedError:
                return False
        harness.wait_until(listens, what="HAProxy listens")
        return "::1", port

    def test_each_version_on_each_listener(self):
        harness.require("haproxy")
        for number, how in enumerate(("send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c")):
            with self.subTest(how):
                self.put_in_front({name: self.haproxy(f"{name}{number}", place, how) for name, place in self.direct.items()})
                self.login_and_look("ssh", "::1")
                self.login_and_look("tls", "::1")
        self.log.wait_line(r"DEBUG connection opened remote_addr=127\.0\.0\.1 transport=tcp$")
        for word in ("INFO connection opened remote_addr=127.0.0.1 ", "proxy header refused"):
            self.assertNotIn(word, self.log.text(), "health checks are not news")


class FromElsewhere(Proxied):
    proxies = '["192.0.2.0/24"]'

    def test_a_header_is_just_bytes(self):
        self.send(v1("198.51.100.7"))
        self.log.wait_line(r"INFO connection opened remote_addr=127\.0\.0\.1 transport=tcp$")
        self.log.wait_line(r"INFO connection closed remote_addr=127\.0\.0\.1 ")
        answer = self.send(v1("198.51.100.7"), to=self.server.tls)
        self.assertIn(b"400", harness.receive_all(answer), "plain text on the TLS port, as ever")
        self.assertNotIn("198.51.100.7", self.log.text())

    def test_clients_need_none(self):
        self.assertTrue(self.greeted(self.send(b"")))


if __name__ == "__main__":
    harness.main()
