"""Logged-in peers, and targets, that misbehave on channels: bounded memory, and only what misbehaves ends."""

import os
import signal
import socket
import subprocess
import threading
import time

import harness
import targets

try:
    import paramiko

    import raw_ssh
except ImportError:
    raw_ssh = None

CHANNEL_DATA = 94


def resident(pid):
    """Resident memory in bytes."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Flipper(threading.Thread):
    """A TCP relay that flips one bit of what the client sends after `after` bytes."""

    def __init__(self, to, after):
        super().__init__(daemon=True)
        self.to, self.after = to, after
        self.listener = harness.listening_socket()
        self.address = self.listener.getsockname()

    def run(self):
        near, _ = self.listener.accept()
        far = socket.create_connection(self.to)
        threading.Thread(target=self._copy, args=(far, near, None), daemon=True).start()
        self._copy(near, far, self.after)

    @staticmethod
    def _copy(source, sink, flip_at):
        count = 0
        try:
            while data := source.recv(65536):
                if flip_at is not None and count <= flip_at < count + len(data):
                    data = bytearray(data)
                    data[flip_at - count] ^= 0x10
                count += len(data)
                sink.sendall(data)
        except OSError:
            pass
        for sock in (source, sink):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class HostileChannels(harness.Case):
    def setUp(self):
        super().setUp()
        if raw_ssh is None:
            self.skipTest("python3-paramiko is missing")
        self.server = self.serve()
        self.key = raw_ssh.load_key(self.server.identity)

    def login(self, address=None):
        client = raw_ssh.RawClient(address or self.server.ssh)
        self.addCleanup(client.close)
        return client.logged_in(self.key)

    def open(self, client, address, **sizes):
        host, port = harness.split_address(address)
        channel = client.transport.open_channel("direct-tcpip", (host, port), ("127.0.0.1", 1), timeout=20, **sizes)
        channel.settimeout(20)
        return channel

    def listend(self):
        return self.server.engine()

    def assert_serves(self, client, address):
        channel = self.open(client, address)
        channel.sendall(b"ping")
        self.assertEqual(channel.recv(4), b"ping")
        channel.close()

    def raw_open(self, client, address, packet_size):
        host, port = harness.split_address(address)
        message = paramiko.Message()
        message.add_byte(bytes([raw_ssh.CHANNEL_OPEN]))
        message.add_string("direct-tcpip")
        message.add_int(77)
        message.add_int(1 << 20)
        message.add_int(packet_size)
        message.add_string(host)
        message.add_int(port)
        message.add_string("127.0.0.1")
        message.add_int(1)
        answers = []
        done = threading.Event()

        def take(kind):
            def handler(_transport, _message):
                answers.append(kind)
                done.set()
            return handler
        handlers = client.transport._handler_table
        client.transport._handler_table = {**handlers, raw_ssh.CHANNEL_OPEN_CONFIRMATION: take("open"),
                                           raw_ssh.CHANNEL_OPEN_FAILURE: take("refused")}
        client.send(message)
        self.assertTrue(done.wait(20), "no answer to the channel request")
        client.transport._handler_table = handlers
        return answers[0]

    def test_a_tiny_packet_claim_is_refused_and_the_session_lives(self):
        echo = self.target(targets.Echo())
        client = self.login()
        for claim in (9, 10, 11, 500):  # libssh drops a claim of 0 without an answer
            self.assertEqual(self.raw_open(client, echo.address, claim), "refused", claim)
        self.assert_serves(client, echo.address)

    def test_refused_channels_fill_no_log(self):
        """Asking costs a peer nothing: a session writes 100 of its refusals at most."""
        self.server.configure("[forwarding]\ndefault = \"deny\"\n")
        client = self.login()
        for _ in range(130):
            self.assertEqual(self.raw_open(client, "127.0.0.1:9", 32768), "refused")
        client.close()
        self.server.program.wait_line("connection closed")
        self.assertEqual(len([line for line in self.server.program.lines() if "channel refused" in line]), 100)

    def test_huge_claims_are_served(self):
        echo = self.target(targets.Echo())
        client = self.login()
        channel = self.open(client, echo.address, window_size=2**31 - 1, max_packet_size=2**31 - 1)
        channel.sendall(b"x" * 100_000)
        self.assertEqual(self.take(channel, 100_000), b"x" * 100_000)

    @staticmethod
    def take(channel, count):
        data = b""
        while len(data) < count:
            got = channel.recv(count - len(data))
            if not got:
                break
            data += got
        return data

    def test_channels_are_limited_and_the_limit_is_given_back(self):
        echo = self.target(targets.Echo())
        limit = harness.sized(50, 1000)
        self.server.configure(f"[limits]\nmax_channels_per_session = {limit}\n")
        client = self.login()
        channels = [self.open(client, echo.address) for _ in range(limit)]
        with self.assertRaises(paramiko.ChannelException) as refused:
            self.open(client, echo.address)
        self.assertEqual(refused.exception.code, 1)  # administratively prohibited
        channels.pop().close()
        harness.wait_until(lambda: self.can_open(client, echo.address), what="a place after a channel was closed")

    def can_open(self, client, address):
        try:
            self.open(client, address).close()
            return True
        except paramiko.ChannelException:
            return False

    def test_a_peer_that_ignores_the_window_is_cut_off(self):
        stuck = self.target(targets.SlowReader())
        client, other = self.login(), self.login()
        channel = self.open(client, stuck.address)
        before = resident(self.listend())
        message_head = bytes([CHANNEL_DATA]) + channel.remote_chanid.to_bytes(4, "big")
        payload = b"x" * 32000
        try:
            for _ in range(1000):  # 32 MB, against a window of 1.3
                message = paramiko.Message()
                message.add_bytes(message_head)
                message.add_string(payload)
                client.send(message)
                if not client.transport.is_active():
                    break
        except (OSError, EOFError, paramiko.SSHException):
            pass
        harness.wait_until(lambda: not client.transport.is_active(), timeout=30, what="the end of the connection")
        self.assert_memory(resident(self.listend()) - before, 16 * harness.MIB)
        self.assert_serves(other, self.target(targets.Echo()).address)

    def test_memory_stays_flat_while_readers_are_stuck(self):
        stuck = [self.target(targets.SlowReader()) for _ in range(10)]
        client = self.login()
        channels = [self.open(client, one.address) for one in stuck]
        ended = threading.Event()

        def press(channel):
            channel.settimeout(1)
            while not ended.is_set():
                try:
                    channel.send(b"y" * 32000)
                except (socket.timeout, OSError):
                    pass
        threads = [threading.Thread(target=press, args=(channel,), daemon=True) for channel in channels]
        for thread in threads:
            thread.start()
        pid, start = self.listend(), time.monotonic()
        settled, peak = None, 0
        duration = harness.sized(8, 60)
        while time.monotonic() - start < duration:
            ended.wait(0.25)
            peak = max(peak, resident(pid))
            if settled is None and time.monotonic() - start > duration / 2:
                settled = peak
        ended.set()
        self.assert_memory(peak - settled, 4 * harness.MIB)
        self.assert_memory(peak, 400 * harness.MIB)

    def test_a_flipped_bit_ends_the_connection(self):
        sink = self.target(targets.Sink())
        flipper = Flipper(self.server.ssh, 200_000)
        flipper.start()
        client = self.login(flipper.address)
        channel = self.open(client, sink.address)
        with self.assertRaises((OSError, EOFError, paramiko.SSHException)):
            for _ in range(200):
                channel.sendall(b"z" * 10_000)
        self.login()

    def test_targets_that_refuse_reset_or_do_not_answer(self):
        client = self.login()
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
            with self.assertRaises(paramiko.ChannelException):
                self.open(client, "127.0.0.1:%d" % unused.getsockname()[1])
        reset = self.target(targets.Reset())
        try:
            self.assertEqual(self.take(self.open(client, reset.address), 1), b"")
        except paramiko.SSHException:
            pass  # the reset was there before the channel was confirmed, or before paramiko had looked
        self.server.configure("[limits]\nconnect_timeout = \"1s\"\n")
        silent = self.target(targets.Blackhole())
        begin = time.monotonic()
        with self.assertRaises(paramiko.ChannelException):
            self.open(client, f"{silent.host}:{silent.port}")
        self.assertLess(time.monotonic() - begin, 10)
        self.assert_serves(client, self.target(targets.Echo()).address)

    def test_authd_killed_during_a_login_storm(self):
        harness.require("ssh")
        running = self.login()
        echo = self.target(targets.Echo())
        command = ["ssh", *self.server.ssh_options()[:-1], "-W", echo.address, self.server.ssh_options()[-1]]
        storm = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) for _ in range(20)]
        os.kill(self.server.children("alknet-authd"), signal.SIGKILL)
        codes = [process.wait(60) for process in storm]
        self.assertTrue(all(code in (0, 255) for code in codes), codes)
        self.assert_serves(running, echo.address)  # sessions outlive authd
        harness.wait_until(lambda: self.run_program(command, check=None).returncode == 0, timeout=30,
                           what="a login after authd came back")


if __name__ == "__main__":
    harness.main()
