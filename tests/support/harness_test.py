"""The harness checked against itself: a fixture that cannot fail would make every test above it worthless."""

import contextlib
import io
import pathlib
import shutil
import signal
import socket
import sys
import unittest

import harness
import targets


class Programs(harness.Case):
    def test_lines_are_read_as_they_come(self):
        program = self.start("talk", [sys.executable, "-uc", "print('one'); print('port=7'); input()"], input=True)
        self.assertEqual(program.wait_line(r"port=(\d+)")[1], "7")
        program.stdin.close()
        self.assertEqual(program.wait(), 1)

    def test_missing_line_fails_early_when_the_program_ends(self):
        program = self.start("mute", ["true"])
        with self.assertRaisesRegex(AssertionError, "before it ended"):
            program.wait_line("never", timeout=30)

    def test_stop_gives_the_exit_code(self):
        program = self.start("sleeper", ["sleep", "60"])
        self.assertEqual(program.stop(), -signal.SIGTERM)

    def test_unwilling_program_is_killed_and_reported(self):
        program = self.start("stubborn", ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done"])
        program.wait_line("up")
        with self.assertRaisesRegex(AssertionError, "did not end"):
            program.stop(timeout=0.2)
        self.assertFalse(program.running())

    def test_sockets_are_passed_by_name(self):
        script = ("import os, socket; assert os.environ['LISTEN_PID'] == str(os.getpid());"
                  "print(os.environ['LISTEN_FDNAMES'], socket.socket(fileno=4).getsockname()[1])")
        a, b = harness.listening_socket(), harness.listening_socket()
        program = self.start("activated", [sys.executable, "-uc", script], sockets={"tls": a, "ssh": b})
        self.assertEqual(program.wait_line(r"^tls:ssh (\d+)$")[1], str(b.getsockname()[1]))
        a.close(), b.close()

    def test_private_bus_answers(self):
        address = self.start_bus()
        harness.require("dbus-send")
        done = self.run_program(["dbus-send", f"--bus={address}", "--print-reply", "--dest=org.freedesktop.DBus",
                                 "/org/freedesktop/DBus", "org.freedesktop.DBus.ListNames"])
        self.assertIn(b"org.freedesktop.DBus", done.stdout)

    def test_keys_are_made(self):
        line = harness.make_key(self.dir / "key")
        self.assertTrue(line.startswith("ssh-ed25519 "))
        self.assertRegex(harness.fingerprint(self.dir / "key.pub"), "^SHA256:")


class Failures(harness.Case):
    class Inner(harness.Case):
        def runTest(self):
            self.start("talk", ["echo", "its last words"]).wait()
            self.body()

    def outcome(self, body):
        """(directory kept, what was said) of a case with this body."""
        inner = self.Inner()
        inner.body = lambda: body(inner)
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            inner.run(unittest.TestResult())
        kept = inner.dir.exists()
        shutil.rmtree(inner.dir, ignore_errors=True)
        return kept, said.getvalue()

    def test_files_are_kept_when_a_test_fails_and_only_then(self):
        def one_part(inner):
            with inner.subTest("part"):
                inner.fail("on purpose")

        self.assertEqual(self.outcome(lambda inner: None), (False, ""))
        self.assertEqual(self.outcome(lambda inner: inner.skipTest("not here")), (False, ""))
        for body in (lambda inner: inner.fail("on purpose"), lambda inner: pathlib.Path("/nowhere").read_text(), one_part):
            kept, said = self.outcome(body)
            self.assertTrue(kept)
            self.assertIn("its last words", said)
            self.assertIn("are kept in", said)


class Targets(harness.Case):
    def test_sink_and_source_agree(self):
        size = 3 * harness.MIB + 17
        source, sink = self.target(targets.Source(size, seed=5)), self.target(targets.Sink())
        with socket.create_connection((source.host, source.port)) as sock:
            digest, length = targets.stream_digest(sock)
        self.assertEqual((digest, length), (targets.pattern_digest(size, 5), size))
        self.assertNotEqual(digest, targets.pattern_digest(size, 6))
        with socket.create_connection((sink.host, sink.port)) as sock:
            targets.send_pattern(sock, size, 5)
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(harness.receive_all(sock), digest.encode())

    def test_misbehaving_targets(self):
        reset, half = self.target(targets.Reset()), self.target(targets.HalfClose())
        with socket.create_connection((reset.host, reset.port)) as sock:
            with self.assertRaises(ConnectionResetError):
                harness.receive_all(sock)
            with self.assertRaises(OSError):
                sock.shutdown(socket.SHUT_WR)
            harness.end_writing(sock)
        with socket.create_connection((half.host, half.port)) as sock:
            self.assertEqual(harness.receive_all(sock), b"bye\n")
            sock.sendall(b"still here")
        self.assertTrue(half.ended.wait(10))
        self.assertEqual(bytes(half.received), b"still here")

    def test_silence_is_a_timeout(self):
        hole = self.target(targets.Blackhole())
        with socket.socket() as sock:
            sock.settimeout(0.2)
            with self.assertRaises(TimeoutError):
                sock.connect((hole.host, hole.port))

    def test_sizes_follow_the_kind_of_run(self):
        self.assertEqual(harness.bulk_size, (1024 if harness.full else 32) * harness.MIB)


if __name__ == "__main__":
    harness.main()
