"""alknetctl credential: a secret of others, encrypted by alknet-secretd and kept by alknet-stored; and where it is left behind."""

import json
import os
import pty
import secrets
import select
import signal
import subprocess

import bus_monitor
import harness
import memory

words = "abandon " * 11 + "about"


class Credential(harness.Case):
    def setUp(self):
        super().setUp()
        self.address = self.start_bus()
        config = self.dir / "alknet.toml"
        config.write_text("")
        state = self.dir / "state"
        state.mkdir()
        self.secretd = self.start("secretd", [harness.binary("alknet-secretd"), "--config", config, "--bus-address", self.address])
        self.secretd.wait_line("server running|cannot lock")
        if "cannot lock" in self.secretd.text():
            self.skipTest("memory cannot be locked here")
        self.stored = self.start("stored", [harness.binary("alknet-stored"), "--bus-address", self.address],
                                 env={"STATE_DIRECTORY": str(state)})
        self.stored.wait_line("server running")
        self.config = config
        self.secret = f"of-the-proxy-{secrets.token_hex(16)}"

    def command(self, *arguments):
        return [harness.binary("alknetctl"), "--bus-address", self.address, *map(str, arguments)]

    def ctl(self, *arguments, given=b"", check=0):
        done = subprocess.run(self.command(*arguments), input=given, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, check, done.stderr.decode())
        return done.stdout if check == 0 else done.stderr

    def unlock(self):
        self.ctl("secret", "--config", self.config, "unlock", "--force", "--fd", "0", given=words.encode() + b"\n\n")

    def add(self, name="proxy", *options, given=None, check=0):
        return self.ctl("credential", "add", name, *options, "--fd", "0", given=given or f"{self.secret}\n".encode(), check=check)


class Life(Credential):
    def test_from_adding_to_removing(self):
        self.unlock()
        self.assertEqual(self.add(), b"kept proxy for alknet-listend\n")
        self.assertIn(b"has this name", self.add(check=1))
        listed, = json.loads(self.ctl("--json", "credential", "list"))["credentials"]
        self.assertEqual((listed["name"], listed["consumer"], listed["key_version"]), ("proxy", "alknet-listend", 2))
        self.assertIn(b"proxy", self.ctl("credential", "list"))
        record = self.ctl("credential", "show", "proxy")
        self.assertEqual(self.ctl("secret", "decrypt", given=record).decode(), self.secret)
        self.add("proxy", "--replace", "--for", "alknet-authd", "--key-version", "3", given=b"another secret\n")
        record = self.ctl("credential", "show", "proxy")
        self.assertEqual(json.loads(record)["key_version"], 3)
        self.assertEqual(self.ctl("secret", "decrypt", given=record), b"another secret")
        self.assertEqual(self.ctl("credential", "remove", "proxy"), b"removed proxy\n")
        self.assertIn(b"no credential", self.ctl("credential", "show", "proxy", check=1))
        actions = [row["action"] for row in json.loads(self.ctl("--json", "audit", "list"))["rows"]]
        self.assertEqual(actions, ["credential.removed", "credential.replaced", "credential.added"])

    def test_nothing_is_kept_while_locked(self):
        self.assertIn(b"alknet-secretd is locked", self.add(check=1))
        self.assertEqual(json.loads(self.ctl("--json", "credential", "list"))["credentials"], [])

    def test_what_is_no_credential_is_refused(self):
        self.unlock()
        self.assertIn(b"no secret was given", self.add(given=b"\n", check=1))
        self.assertTrue(self.add("Not a name", check=1))
        self.ctl("credential", "add", "proxy", self.secret, check=2)  # never an argument
        self.assertEqual(json.loads(self.ctl("--json", "credential", "list"))["credentials"], [])

    def test_a_terminal_shows_nothing_of_what_is_typed(self):
        self.unlock()
        pid, terminal = pty.fork()
        if pid == 0:
            command = self.command("credential", "add", "proxy")
            os.execv(command[0], command)
        self.addCleanup(os.close, terminal)
        shown = self.until(terminal, b"Secret of proxy: ")
        os.write(terminal, self.secret.encode() + b"\n")
        shown += self.until(terminal, b"kept proxy")
        self.assertNotIn(self.secret.encode(), shown)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)

    def until(self, terminal, mark):
        seen = b""
        while mark not in seen:
            self.assertTrue(select.select([terminal], [], [], 20)[0], seen)
            seen += os.read(terminal, 4096)
        return seen


class Traces(Credential):
    def freeze(self, program):
        program.send_signal(signal.SIGSTOP)
        self.addCleanup(program.send_signal, signal.SIGCONT)  # else it cannot be stopped

    def start_giving(self, *arguments):
        """alknetctl with the secret on its standard input."""
        program = self.start("giving", self.command(*arguments, "--fd", "0"), input=True)
        program.stdin.write(f"{self.secret}\n".encode())
        program.stdin.close()
        return program

    def require_search(self):
        if os.getuid() != 0:
            self.skipTest("needs root, to read the memory of another process")
        if harness.sanitizers != "none":
            self.skipTest("sanitizers keep memory of their own")

    def test_a_monitor_of_the_bus_sees_no_secret(self):
        self.unlock()
        monitor = bus_monitor.BusMonitor(self, self.address)
        self.add()
        record = self.ctl("credential", "show", "proxy")
        self.assertEqual(self.ctl("secret", "decrypt", given=record).decode(), self.secret)
        self.ctl("credential", "remove", "proxy")
        monitor.wait_for(b"RemoveCredential")
        self.assertIn(b"PutCredential", monitor.messages)
        self.assertEqual(monitor.sees(self.secret.encode()), [])

    def test_nothing_is_left_in_memory(self):
        self.require_search()
        self.unlock()
        monitor = bus_monitor.BusMonitor(self, self.address)
        needles = [self.secret.encode()]
        self.freeze(self.stored)
        adding = self.start_giving("credential", "add", "proxy")
        # alknet-secretd has encrypted and has forgotten; so has alknetctl, which waits for alknet-stored.
        monitor.wait_for(b"PutCredential")
        self.assertEqual(memory.search(adding.pid, needles), [])
        self.assertEqual(memory.search(self.secretd.pid, needles), [])
        self.stored.send_signal(signal.SIGCONT)
        self.assertEqual(adding.wait(), 0)
        self.assertEqual(memory.search(self.stored.pid, needles), [])

    def test_the_search_finds_what_is_not_forgotten_yet(self):
        """Control: until alknet-secretd has answered, alknetctl has to hold the secret."""
        self.require_search()
        self.unlock()
        self.freeze(self.secretd)
        encrypting = self.start_giving("secret", "encrypt")
        harness.wait_until(lambda: memory.search(encrypting.pid, [self.secret.encode()]), what="the secret in memory")
        self.secretd.send_signal(signal.SIGCONT)
        self.assertEqual(encrypting.wait(), 0)


if __name__ == "__main__":
    harness.main()
