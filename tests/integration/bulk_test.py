"""Every client that people use, through both listeners, byte for byte: 32 MiB each way, 1 GiB under --full."""

import concurrent.futures
import hashlib
import socket
import subprocess

import harness
import served
import targets

patience = 600


def digest_of(read):
    """sha256 and length of what read(size) gives until it gives nothing."""
    digest, size = hashlib.sha256(), 0
    while chunk := read(targets.chunk_size):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


class Bulk(harness.Case):
    """`down(...)`: what a Source sends arrives. `up(...)`: a Sink answers the digest of what was sent."""

    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.size = harness.bulk_size

    def source(self):
        source = self.target(targets.Source(self.size, seed=21))
        source.timeout = patience
        return source

    def sink(self):
        sink = self.target(targets.Sink())
        sink.timeout = patience
        return sink

    def assert_down(self, got):
        self.assertEqual(got, (targets.pattern_digest(self.size, 21), self.size))

    def assert_up(self, answer):
        self.assertEqual(answer.decode(), targets.pattern_digest(self.size, 22))

    def down_socket(self, sock):
        with sock:
            self.assert_down(targets.stream_digest(sock, patience))

    def up_socket(self, sock):
        with sock:
            sock.settimeout(patience)
            targets.send_pattern(sock, self.size, 22)
            sock.shutdown(socket.SHUT_WR)
            self.assert_up(harness.receive_all(sock, patience))

    def program(self, command):
        program = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, env={"HOME": str(self.dir), "PATH": "/usr/bin:/bin"})
        for clean_up in (program.wait, program.stdout.close, program.stdin.close, program.kill):
            self.addCleanup(clean_up)
        return program

    def down_program(self, command):
        program = self.program(command)
        program.stdin.close()  # dbclient stays until we have ended, too
        self.assert_down(digest_of(program.stdout.read))

    def up_program(self, command):
        program = self.program(command)

        def send():
            for chunk in targets.pattern(self.size, 22):
                program.stdin.write(chunk)
            program.stdin.close()
        with concurrent.futures.ThreadPoolExecutor(1) as sender:
            sending = sender.submit(send)
            answer = program.stdout.read()
            sending.result()
        self.assert_up(answer)

    def each_listener(self):
        for transport in ("ssh", "tls"):
            with self.subTest(transport):
                yield transport

    def socks(self, proxy, target):
        sock, reply = served.socks5(proxy, target.host, target.port)
        self.assertEqual(reply, 0)
        return sock

    def test_ssh_local_forward(self):
        harness.require("ssh", "openssl")
        for transport in self.each_listener():
            source, sink = self.source(), self.sink()
            ports = self.dir / f"down-{transport}", self.dir / f"up-{transport}"
            self.server.ssh_forward("-L", f"{ports[0]}:{source.address}", "-L", f"{ports[1]}:{sink.address}",
                                    transport=transport, name=f"ssh-L-{transport}")
            for path, move in zip(ports, (self.down_socket, self.up_socket)):
                sock = socket.socket(socket.AF_UNIX)
                sock.connect(str(path))
                move(sock)

    def test_ssh_dynamic_forward(self):
        harness.require("ssh", "openssl")
        for transport in self.each_listener():
            port = harness.free_port()
            self.server.ssh_forward("-D", f"127.0.0.1:{port}", transport=transport, name=f"ssh-D-{transport}")
            self.down_socket(self.socks(("127.0.0.1", port), self.source()))
            self.up_socket(self.socks(("127.0.0.1", port), self.sink()))

    def test_ssh_stdio_forward(self):
        harness.require("ssh", "openssl")
        for transport in self.each_listener():
            options = self.server.ssh_options(transport)
            self.down_program(["ssh", "-W", self.source().address, *options])
            self.up_program(["ssh", "-W", self.sink().address, *options])

    def test_dbclient(self):
        harness.require("dbclient", "dropbearconvert", "openssl")
        key = self.dir / "dropbear_key"
        self.run_program(["dropbearconvert", "openssh", "dropbear", self.server.identity, key])
        for transport in self.each_listener():
            host, port = self.server.ssh if transport == "ssh" else self.server.tls
            command = ["dbclient", "-y", "-y", "-i", key, "-p", port]
            if transport == "tls":
                command += ["-J", f"openssl s_client -quiet -connect {host}:{port} 2>/dev/null"]
            self.down_program([*command, "-B", self.source().address, f"alknet@{host}"])
            sink, local = self.sink(), harness.free_port()
            self.start(f"dbclient-{transport}", [*command, "-N", "-L", f"127.0.0.1:{local}:{sink.address}", f"alknet@{host}"],
                       env={"HOME": str(self.dir)})
            self.up_socket(harness.wait_until(lambda: self.connected(local), what="dbclient listens"))  # noqa: B023

    @staticmethod
    def connected(port):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=patience)
        except ConnectionRefusedError:
            return None

    def each_proxy(self):
        for transport in self.each_listener():
            yield self.server.connect(transport="tcp" if transport == "ssh" else "tls", name=f"connect-{transport}")[1]

    def test_connect_with_curl(self):
        harness.require("curl")
        for host, port in self.each_proxy():
            self.down_program(["curl", "-sS", "--http0.9", "-x", f"socks5h://{host}:{port}", f"http://{self.source().address}/"])
            self.up_socket(self.socks((host, port), self.sink()))

    def test_connect_with_proxychains(self):
        harness.require("proxychains4", "ncat")
        for host, port in self.each_proxy():
            config = self.dir / f"proxychains-{port}.conf"
            config.write_text(f"strict_chain\nproxy_dns\nquiet_mode\n[ProxyList]\nsocks5 {host} {port}\n")
            source, sink = self.source(), self.sink()
            chained = ["proxychains4", "-f", config, "ncat"]
            self.down_program([*chained, "--recv-only", source.host, source.port])
            self.up_program([*chained, sink.host, sink.port])

    def test_connect_with_ncat(self):
        harness.require("ncat")
        for host, port in self.each_proxy():
            source, sink = self.source(), self.sink()
            proxied = ["ncat", "--proxy", f"{host}:{port}", "--proxy-type", "socks5"]
            self.down_program([*proxied, "--recv-only", source.host, source.port])
            self.up_program([*proxied, sink.host, sink.port])


if __name__ == "__main__":
    harness.main()
