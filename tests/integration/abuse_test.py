"""Openings that no honest peer sends, and too many of them: the server closes, lives, and serves the next one."""

import resource
import select
import socket
import struct
import time

import harness
import targets


class Abuse(harness.Case):
    limits = None

    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.server.never_penalise()
        self.web = self.target(targets.Http())

    def assert_serves(self):
        harness.require("ssh")
        done = self.run_program(["ssh", "-W", self.web.address, *self.server.ssh_options()], stdin=None,
                                input=b"GET / HTTP/1.0\r\n\r\n")
        self.assertIn(self.web.body, done.stdout)


def memory_of(pid):
    """PSS in kB."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


class Garbage(Abuse):
    openings = {
        "zeroes": b"\0" * 4096,
        "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "tls hello": bytes.fromhex("16030100a50100") + b"\x5a" * 200,
        "old protocol": b"SSH-1.5-old\r\n" + b"\x00" * 64,
        "no end of line": b"SSH-2.0-" + b"x" * 100_000,
        "many lines before": b"line\r\n" * 20_000,
        "ident then garbage": b"SSH-2.0-x\r\n" + b"\xff" * 4096,
        "length 0": b"SSH-2.0-x\r\n" + struct.pack(">IB", 0, 0) + b"\0" * 64,
        "length huge": b"SSH-2.0-x\r\n" + struct.pack(">IB", 0xFFFFFFF0, 4) + b"\x14" * 64,
        "padding larger than the packet": b"SSH-2.0-x\r\n" + struct.pack(">IB", 12, 255) + b"\x14" * 64,
        "empty kexinit": b"SSH-2.0-x\r\n" + struct.pack(">IB", 12, 10) + b"\x14" + b"\0" * 10,
        "service before kex": b"SSH-2.0-x\r\n" + struct.pack(">IB", 28, 9) + b"\x05\0\0\0\x0cssh-userauth\0\0\0\0\0\0\0\0\0\0",
    }

    def test_each_is_closed(self):
        for name, opening in self.openings.items():
            with self.subTest(name), socket.create_connection(self.server.ssh, timeout=20) as sock:
                try:
                    sock.sendall(opening)
                    harness.end_writing(sock)
                    answer = harness.receive_all(sock, timeout=45)
                    self.assertLess(len(answer), 8192)
                except (ConnectionResetError, BrokenPipeError):
                    pass
        self.assert_serves()

    def test_cut_anywhere_during_a_real_opening(self):
        """A recorded client opening, cut after every so many bytes."""
        harness.require("ssh")
        with harness.listening_socket() as trap:
            client = self.start("recorded", ["ssh", "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
                                             "-o", "UserKnownHostsFile=/dev/null", "-p", str(trap.getsockname()[1]), "x@127.0.0.1"])
            connection, _ = trap.accept()
            with connection:
                connection.sendall(b"SSH-2.0-trap\r\n")
                record = b""
                while select.select([connection], [], [], 1.0)[0]:
                    chunk = connection.recv(65536)
                    if not chunk:
                        break
                    record += chunk
            client.kill()
        self.assertGreater(len(record), 500)
        for cut in [*range(0, 24), *range(24, len(record), 97), len(record)]:
            with socket.create_connection(self.server.ssh, timeout=20) as sock:
                sock.sendall(record[:cut])
                if cut % 2:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.assert_serves()


class Silence(Abuse):
    def test_ten_thousand_connections_that_say_nothing(self):
        count = 10_000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < count + 500:
            self.skipTest(f"only {hard} descriptors are allowed here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        daemon = self.server.engine()
        before = memory_of(daemon)
        quiet = []
        self.addCleanup(lambda: [sock.close() for sock in quiet])
        began = time.monotonic()
        for number in range(count):
            quiet.append(socket.create_connection(self.server.ssh if number % 2 else self.server.tls, timeout=60))
        print(f"# {count} connections in {time.monotonic() - began:.1f} s")
        self.assert_serves()
        per_connection = (memory_of(daemon) - before) / count
        print(f"# {per_connection:.1f} kB a connection")
        self.assert_memory(per_connection, 64)


class Descriptors(harness.Case):
    def test_the_limit_refuses_is_logged_once_and_passes(self):
        harness.require("ssh")
        if "undefined" in harness.sanitizers:
            self.skipTest("UBSan's vptr check reads memory through a pipe, for which no descriptor is left: false reports")
        import served
        state = self.dir / "state"
        served.exempt_loopback(state)
        program = self.start("serve", [harness.binary("alknet"), "serve", "--state", state, "--listen-tls", "127.0.0.1:0",
                                       "--listen-ssh", "127.0.0.1:0"],
                             limits={"RLIMIT_NOFILE": (200, 200)}, env={"ALKNET_LOG": "debug"})
        ready = program.wait_line(r"^ready tls=(\S+) ssh=(\S+)", timeout=60)
        server = served.Served.__new__(served.Served)
        server.case, server.program, server.state = self, program, state
        server.tls, server.ssh = harness.split_address(ready[1]), harness.split_address(ready[2])
        server.identity, server.known_hosts = state / "client_ed25519", state / "known_hosts"
        web = self.target(targets.Http())
        mark = program.mark()
        many = [socket.create_connection(server.ssh, timeout=20) for _ in range(400)]
        program.wait_line("descriptors exhausted", after=mark)
        for sock in many:
            sock.close()

        def login():
            done = self.run_program(["ssh", "-W", web.address, *server.ssh_options()], check=None, stdin=None,
                                    input=b"GET / HTTP/1.0\r\n\r\n")
            return web.body in done.stdout
        harness.wait_until(login, timeout=60, what="a login after the flood")
        self.assertEqual(len([line for line in program.lines() if "descriptors exhausted" in line]), 1)


if __name__ == "__main__":
    harness.main()
