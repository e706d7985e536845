"""[server.proxy]: stock ssh through alknet and from there through a proxy, and where the proxy's password is meanwhile."""

import base64
import json
import os
import secrets
import socket
import subprocess
import threading

import harness
import memory
import proxies
import served
import sshd_peer
import targets

words = "abandon " * 11 + "about"
name = "only.the-proxy.knows"


class Proxied(harness.Case):
    def setUp(self):
        super().setUp()
        harness.require("ssh")
        served.exempt_loopback(self.dir / "state")
        self.server = self.serve()
        self.echo = self.target(targets.Echo())

    def use(self, url, login=False, more="", credential="of-the-proxy"):
        text = f'[server.proxy]\nurl = "{url}"\n'
        self.server.configure(text + (f'user = "ada"\npassword = "secret:{credential}"\n' if login else "") + more)

    def ask(self, host=None, port=None, check=0):
        """What comes back of a greeting, by ssh -W."""
        place = served.joined(host or self.echo.host, port or self.echo.port)
        done = self.run_program(["ssh", "-W", place, *self.server.ssh_options()], stdin=None, input=b"hello", check=check)
        return done.stdout if check == 0 else done.stderr

    def start_ncat(self, *options):
        """An HTTP proxy; it ends both directions when one has ended, so that stdin of ssh -W is no peer for it."""
        harness.require("ncat")
        port = harness.free_port()
        self.start("ncat", ["ncat", "-4", "-l", "127.0.0.1", str(port), "--proxy-type", "http", "-v", *options]).wait_line("Listening")
        return f"http://127.0.0.1:{port}"

    def ask_open(self, *hosts):
        """The same as ask(), of each host, on connections that stay open."""
        ports = [harness.free_port() for _ in hosts]
        forwards = [part for port, host in zip(ports, hosts) for part in ("-L", f"127.0.0.1:{port}:{host}:{self.echo.port}")]
        self.server.ssh_forward(*forwards)
        for port in ports:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
                sock.sendall(b"hello")
                self.assertEqual(harness.receive_exactly(sock, 5), b"hello")

    def refused(self, reason):
        """A channel that is not opened, and what the log says of it."""
        def count():
            return self.server.program.text().count(f"channel refused remote_addr=127.0.0.1 reason={reason}")
        before = count()
        self.assertIn(b"administratively prohibited", self.ask(check=255))
        harness.wait_until(lambda: count() > before, what=reason)

    def socks(self, **options):
        return self.target(proxies.Socks5Proxy({name: (self.echo.host, self.echo.port)}, **options))


class Ways(Proxied):
    def test_a_name_is_left_to_the_proxy(self):
        proxy = self.socks()
        self.use(proxy.url)
        self.assertEqual(self.ask(name, 7), b"hello")
        self.assertEqual(self.ask(), b"hello")
        self.assertEqual(self.ask("127.1"), b"hello")
        self.assertEqual(proxy.asked, [(3, name, 7), *[(1, "127.0.0.1", self.echo.port)] * 2])
        text = self.server.program.text()
        self.assertNotIn(name, text)
        self.assertNotIn(self.echo.address, text)

    def test_a_real_socks5_proxy(self):
        sshd = sshd_peer.Sshd(self)
        sshd.accept(sshd_peer.new_key(self.dir / "key"))
        port = harness.free_port()
        proxy = self.start("socks", ["ssh", "-v", "-N", "-D", f"127.0.0.1:{port}", "-F", "none", "-i", self.dir / "key", "-p", sshd.port,
                                     "-o", f"UserKnownHostsFile={sshd.known_hosts}", "-o", "IdentitiesOnly=yes", "127.0.0.1"])
        proxy.wait_line("Entering interactive session|pledge: network", timeout=30)
        self.use(f"socks5://localhost:{port}")
        self.assertEqual(self.ask(), b"hello")
        self.assertIn("direct-tcpip", proxy.text())

    def test_a_real_http_proxy(self):
        self.use(self.start_ncat())
        self.ask_open("127.0.0.1", "localhost")

    def test_what_is_refused_does_not_reach_the_proxy(self):
        proxy = self.socks()
        self.use(proxy.url, more='[[forwarding.rules]]\naction = "deny"\ntarget = "127.0.0.0/8"\n'
                                 f'[[forwarding.rules]]\naction = "deny"\ntarget = "{name}"\n')
        for host in ("127.0.0.1", "127.1", "2130706433", "localhost", name, "alknet-control", "a b", "a\tb"):
            with self.subTest(host=host):
                self.ask(host, 7, check=255)
        self.assertEqual((proxy.asked, proxy.connections), ([], 0))
        self.assertEqual(self.server.program.text().count("reason=policy"), 5)

    def test_what_a_proxy_may_do_wrong(self):
        self.use(f"socks5://127.0.0.1:{harness.free_port()}")
        self.refused("proxy-unreachable")
        for scheme, text, reason in (("socks5", b"", "proxy-timeout"), ("http", b"", "proxy-timeout"),
                                     ("socks5", b"HTTP/1.1 400 Bad Request\r\n\r\n", "proxy-protocol"),
                                     ("http", b"SSH-2.0-OpenSSH_9.2\r\n", "proxy-protocol"),
                                     ("http", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 17000, "proxy-protocol"),
                                     ("http", b"HTTP/1.1 407 Login\r\n\r\n", "proxy-login"), ("socks5", b"\x05\xff", "proxy-login"),
                                     ("http", b"HTTP/1.1 403 Forbidden\r\n\r\n", "proxy-refused"),
                                     ("socks5", b"\x05\x00\x05\x02\x00\x01" + bytes(6), "proxy-refused"),
                                     ("http", b"HTTP/1.1 503 Unavailable\r\n\r\n", "connect"),
                                     ("socks5", b"\x05\x00\x05\x05\x00\x01" + bytes(6), "connect")):
            with self.subTest(scheme=scheme, text=text[:30]):
                peer = self.target(proxies.Sayer(text))
                more = '[limits]\nconnect_timeout = "1s"\n' if reason == "proxy-timeout" else slowly
                self.use(f"{scheme}://{peer.address}", more=more)
                self.refused(reason)
        counted = self.server.ctl("metrics").stdout.decode()
        self.assertRegex(counted, r'alknet_channels_refused_total\{[^}]*reason="proxy-protocol"[^}]*\} 3\b')

    def test_a_reload_is_for_channels_that_come(self):
        first, second = self.socks(), self.socks()
        self.use(first.url)
        port = harness.free_port()
        self.server.ssh_forward("-L", f"127.0.0.1:{port}:{name}:7")
        with socket.create_connection(("127.0.0.1", port), timeout=20) as old:
            old.sendall(b"one")
            self.assertEqual(harness.receive_exactly(old, 3), b"one")
            self.use(second.url)
            with socket.create_connection(("127.0.0.1", port), timeout=20) as new:
                new.sendall(b"two")
                self.assertEqual(harness.receive_exactly(new, 3), b"two")
            self.use("")
            self.assertEqual(self.ask(), b"hello")
            old.sendall(b"three")
            self.assertEqual(harness.receive_exactly(old, 5), b"three")
        self.assertEqual((first.asked, second.asked), ([(3, name, 7)], [(3, name, 7)]))


slowly = '[limits]\nconnect_timeout = "60s"\n'  # a busy machine is no slow proxy


class Password(Proxied):
    def setUp(self):
        super().setUp()
        if not self.server.children("alknet-secretd") or not self.server.children("alknet-stored"):
            self.skipTest("memory cannot be locked here")
        self.password = secrets.token_hex(24)

    def give(self, *command, text):
        done = subprocess.run([harness.binary("alknetctl"), "--state", self.server.state, *command, "--fd", "0"],
                              input=text.encode(), capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)

    def unlock(self):
        self.give("secret", "unlock", "--force", text=f"{words}\n\n")

    def keep(self, *options, password=None, credential="of-the-proxy"):
        self.give("credential", "add", credential, *options, text=f"{password or self.password}\n")

    def missing(self):
        status = json.loads(self.server.ctl("--json", "status").stdout)
        return [one for one in status["missing"] if "proxy" in one["problem"]]

    def wait_missing(self, cause):
        harness.wait_until(lambda: any(cause in one["problem"] for one in self.missing()), what=cause)

    def wait_there(self):
        harness.wait_until(lambda: not self.missing(), what="a password")

    def test_locked_unlocked_replaced_removed(self):
        proxy = self.socks(user="ada", password=self.password)
        self.use(proxy.url, login=True)
        self.wait_missing("alknet-secretd is locked")
        self.refused("proxy-password")
        self.unlock()
        self.wait_missing("there is no such credential")
        self.assertIn("credential add of-the-proxy", self.missing()[0]["command"])
        self.keep(password="another")
        self.wait_there()
        self.refused("proxy-login")
        self.keep("--replace")
        self.wait_until_it_works()
        self.server.ctl("secret", "lock")
        self.wait_missing("alknet-secretd is locked")
        before = proxy.connections
        self.refused("proxy-password")
        self.assertEqual(proxy.connections, before)
        self.unlock()
        self.wait_there()
        self.assertEqual(self.ask(), b"hello")
        self.server.ctl("credential", "remove", "of-the-proxy")
        self.wait_missing("there is no such credential")
        self.refused("proxy-password")
        self.assertNotIn(self.password, self.server.program.text())

    def wait_until_it_works(self):
        def works():
            done = self.run_program(["ssh", "-W", self.echo.address, *self.server.ssh_options()], stdin=None, input=b"hello", check=None)
            return done.stdout == b"hello"
        harness.wait_until(works, timeout=30, what="a login at the proxy")

    def two_proxies(self):
        """Each with a credential of its own; the first one is in use."""
        both = [(f"of-{number}", self.socks(user="ada", password=secrets.token_hex(24))) for number in ("one", "two")]
        self.unlock()
        for credential, proxy in both:
            self.keep(password=proxy.password, credential=credential)
        self.use(both[0][1].url, login=True, credential=both[0][0], more=slowly)
        self.assertEqual(self.ask(), b"hello")  # had before it was in force
        return both

    def test_a_reload_to_another_credential_refuses_no_channel(self):
        (_, first), (_, second) = both = self.two_proxies()
        port, done, failed = harness.free_port(), threading.Event(), []
        self.server.ssh_forward("-L", f"127.0.0.1:{port}:{name}:7")

        def go_on_asking():
            while not done.is_set():
                with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
                    sock.sendall(b"hello")
                    if sock.recv(5) != b"hello":
                        failed.append(1)

        asking = [threading.Thread(target=go_on_asking) for _ in range(2)]
        for thread in asking:
            thread.start()
        try:
            for credential, proxy in (both * 4)[1:]:
                self.use(proxy.url, login=True, credential=credential, more=slowly)
                before = len(proxy.asked)
                harness.wait_until(lambda: len(proxy.asked) > before, what="a channel by the proxy in force")
        finally:
            done.set()
            for thread in asking:
                thread.join()
        self.assertEqual(failed, [])
        self.assertNotIn("channel refused", self.server.program.text())
        self.assertEqual((first.refused_logins, second.refused_logins), (0, 0))

    def test_a_channel_that_is_being_opened_follows_the_reload(self):
        (_, first), (credential, second) = self.two_proxies()
        first.patience.clear()
        connections, answers = first.connections, []
        asking = threading.Thread(target=lambda: answers.append(self.ask(name, 7)))
        asking.start()
        try:
            harness.wait_until(lambda: first.connections > connections, what="the proxy is asked")
            self.use(second.url, login=True, credential=credential, more=slowly)
        finally:
            first.patience.set()
            asking.join()
        self.assertEqual(answers, [b"hello"])
        self.assertEqual(second.asked, [(3, name, 7)])
        self.assertEqual((first.refused_logins, second.refused_logins), (0, 0))

    def test_what_cannot_be_had_fails_no_reload(self):
        proxy = self.two_proxies()[1][1]
        self.use(proxy.url, login=True, credential="of-nobody")
        self.wait_missing("credential of-nobody): there is no such credential")
        self.refused("proxy-password")
        self.server.ctl("secret", "lock")
        self.wait_missing("alknet-secretd is locked")
        self.use(proxy.url, login=True, credential="of-two")
        self.wait_missing("credential of-two): alknet-secretd is locked")
        self.assertEqual(proxy.connections, 0)
        self.unlock()
        self.wait_until_it_works()

    def test_a_real_http_proxy_with_a_login(self):
        url = self.start_ncat("--proxy-auth", f"ada:{self.password}")
        self.unlock()
        self.keep()
        self.use(url, login=True)
        harness.wait_until(lambda: "password of the proxy taken" in self.server.program.text(), what="a password")
        self.ask_open("127.0.0.1")
        self.keep("--replace", password="wrong")
        harness.wait_until(lambda: self.server.program.text().count("password of the proxy taken") == 2, what="the new one")
        self.refused("proxy-login")

    def test_nothing_is_left_after_lock(self):
        if os.getuid() != 0:
            self.skipTest("needs root, to read the memory of another process")
        if harness.sanitizers != "none":
            self.skipTest("sanitizers keep memory of their own")
        for scheme in ("socks5", "http"):
            with self.subTest(scheme=scheme):
                proxy = self.socks(user="ada", password=self.password) if scheme == "socks5" else self.target(
                    proxies.Sayer(b"HTTP/1.1 200 OK\r\n\r\nhello"))
                self.unlock()
                self.keep(*(["--replace"] if scheme == "http" else []))
                self.use(f"{scheme}://{proxy.address}", login=True)
                self.wait_there()
                self.wait_until_it_works()
                # As it is, and as HTTP carries it.
                encoded = base64.b64encode(f"ada:{self.password}".encode())
                needles = [self.password.encode(), encoded]
                supervisor = self.server.children("alknet-listend")
                engine = self.server.engine()
                self.assertTrue(memory.search(engine, needles))  # control
                self.server.ctl("secret", "lock")
                self.wait_missing("alknet-secretd is locked")
                self.refused("proxy-password")  # every loop has heard of it, or this one has
                harness.wait_until(lambda: memory.search(engine, needles) == [], timeout=20, what="no trace of the password")
                self.assertEqual(memory.search(supervisor, needles), [])


if __name__ == "__main__":
    harness.main()
