"""The boxes checked against themselves: what other stories take for granted."""

import contextlib
import io
import os
import shutil
import socket
import unittest

import box
import harness
import story
import targets


class Boxes(story.Case):
    def test_commands(self):
        machine = self.machine()
        self.assertEqual(machine.look(["systemctl", "is-system-running"]).strip(), "running")
        self.assertEqual(machine.run(["sh", "-c", "exit 7"], check=7).returncode, 7)
        done = machine.run('x=5; cat; echo "$x ${x} 100%; $(id -un)"', input="in\n", user="nobody")
        self.assertEqual(done.stdout, "in\n5 5 100%; nobody\n")
        with self.assertRaisesRegex(AssertionError, "ended with 3, expected 0\n.*why"):
            machine.run("echo why >&2; exit 3")
        self.assertEqual(machine.run(["printf", "%s", "$HOME ${HOME} ;"]).stdout, "$HOME ${HOME} ;")

    def test_a_command_may_do_what_an_operator_may_and_no_more(self):
        machine = self.machine()
        bound = machine.run(["grep", "CapBnd", "/proc/self/status"]).stdout.split()[1]
        self.assertFalse(int(bound, 16) & 1 << 16, "CAP_SYS_MODULE is the host's")
        self.assertNotIn("/usr/local/src", machine.read("/proc/self/mounts"))
        self.assertEqual(machine.look(["hostname"]).strip(), "server")
        self.assertIn("0::/", machine.run(["cat", "/proc/self/cgroup"]).stdout)

    def test_files(self):
        machine = self.machine()
        machine.write("/etc/new/file", "text\n", mode=0o640)
        self.assertEqual(machine.read("/etc/new/file"), "text\n")
        self.assertEqual(machine.look(["stat", "-c", "%a %u", "/etc/new/file"]).strip(), "640 0")
        self.assertFalse((box.base.ready() / "etc" / "new").exists())
        self.assertTrue(machine.exists("/etc/new"))
        self.assertFalse(machine.exists("/etc/old"))

    def test_two_machines_share_nothing(self):
        one, other = self.machine("one"), self.machine("other")
        one.write("/run/mine", "1")
        self.assertFalse(other.exists("/run/mine"))
        one.run(["systemd-run", "--quiet", "--unit=mine", "sleep", "60"])
        self.assertEqual(one.state("mine.service"), "active")
        self.assertEqual(other.state("mine.service"), "inactive")
        self.assertNotEqual(os.readlink(f"/proc/{one.leader}/ns/net"), os.readlink(f"/proc/{other.leader}/ns/net"))

    def test_journal(self):
        machine = self.machine()
        machine.run(["systemd-cat", "-t", "story", "echo", "a marker"])
        self.assertEqual(machine.messages("-t", "story"), ["a marker"])
        machine.halt()
        machine.save_journal(self.dir / "journal")
        text = (self.dir / "journal").read_text()
        self.assertIn("a marker", text)
        self.assertIn("Shutting down", text)

    def test_reboot(self):
        machine = self.machine()
        machine.write("/etc/kept", "1")
        machine.write("/run/lost", "1")
        machine.reboot()
        self.assertEqual(machine.look(["systemctl", "is-system-running"]).strip(), "running")
        self.assertTrue(machine.exists("/etc/kept"))
        self.assertFalse(machine.exists("/run/lost"))
        self.assertRegex(machine.look(["journalctl", "--list-boots"]), r"(?m)^ *-1 ")

    def test_nothing_is_left(self):
        machine = self.machine()
        machine.halt()
        machine.remove()
        with open("/proc/self/mounts") as mounts:
            self.assertNotIn(str(self.dir), mounts.read())
        groups = [path for path, names, _ in os.walk("/sys/fs/cgroup") for name in names if f"alknet-box-{os.getpid()}" in name]
        self.assertEqual(groups, [])
        self.assertFalse(os.path.exists(f"/proc/{machine.leader}/root/etc"))

    def test_a_halt_that_hangs_is_a_failure(self):
        machine = self.machine()
        machine.run(["systemd-run", "--quiet", "--property=TimeoutStopSec=60", "sh", "-c", "trap '' TERM; while :; do sleep 1; done"])
        with self.assertRaisesRegex(AssertionError, "did not halt within 1 s"):
            machine.halt(timeout=1)
        self.assertFalse(machine.running())


class Failures(story.Case):
    class Inner(story.Case):
        def runTest(self):
            self.machine("lost").run(["systemd-cat", "-t", "story", "echo", "what happened"])
            self.fail("on purpose")

    def test_a_failing_story_leaves_its_journal(self):
        inner, said = self.Inner(), io.StringIO()
        self.addCleanup(setattr, story, "journals", story.journals)
        story.journals = self.dir / "journals"
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            inner.run(unittest.TestResult())
        shutil.rmtree(inner.dir)
        [journal] = story.journals.iterdir()
        self.assertIn(str(journal), said.getvalue())
        self.assertIn("what happened", journal.read_text())


class Networks(story.Case):
    class Caller(targets.Target):
        """Tells everybody the address that they come from."""

        def handle(self, connection):
            connection.sendall(connection.getpeername()[0].encode())

    def test_a_client_reaches_the_machine(self):
        machine = self.machine()
        network = self.network(machine)
        caller = self.target_in(machine, lambda: self.Caller("0.0.0.0"))
        self.assertIn(f"0.0.0.0:{caller.port} ", machine.look(["ss", "-Hltn"]))
        done = self.run_program(network.command(["curl", "-s", "-m", "10", f"telnet://{network.there}:{caller.port}"]))
        self.assertEqual(done.stdout.decode(), network.here)

    def test_several_clients_and_addresses(self):
        machine = self.machine()
        one, other = self.network(machine, 1), self.network(machine, 2)
        other.add_address("10.77.2.3")
        caller = self.target_in(machine, lambda: self.Caller("0.0.0.0"))
        caller6 = self.target_in(machine, lambda: self.Caller("::"))

        def seen(network, server, address, source=""):
            with network.inside(lambda: socket.create_connection((address, server.port), 10, (source, 0))) as sock:
                return harness.receive_all(sock).decode()

        self.assertEqual(seen(one, caller, one.there), one.here)
        self.assertEqual(seen(other, caller, other.there), other.here)
        self.assertEqual(seen(other, caller, other.there, "10.77.2.3"), "10.77.2.3")
        self.assertEqual(seen(one, caller6, one.there6), one.here6)

    def test_nobody_else_is_reached(self):
        machine = self.machine()
        network = self.network(machine)
        for command in (network.command(["ip", "route"]), machine.entered(["ip", "route"])):
            self.assertEqual(self.run_program(command).stdout.decode().split()[0], "10.77.1.0/24")
            self.assertNotIn("default", self.run_program(command).stdout.decode())


class Sandboxes(story.Case):
    def test_units_are_confined_here_as_on_a_real_machine(self):
        """What nspawn would silently leave out; hardening stories would then pass or fail for the wrong reason."""
        machine = self.machine()
        connect = ("import socket\ns = socket.create_server(('127.0.0.1', 0))\n"
                   "try: socket.create_connection(s.getsockname(), 0.5); print('open')\n"
                   "except OSError: print('denied')\n")
        machine.write("/root/connect.py", connect)
        self.assertEqual(machine.run(["python3", "/root/connect.py"]).stdout, "open\n")
        denied = machine.run(["python3", "/root/connect.py"], properties=["IPAddressDeny=any"])
        self.assertEqual(denied.stdout, "denied\n")


if __name__ == "__main__":
    harness.main()
