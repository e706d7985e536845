"""alknet-secretd on a private bus: what it answers, and what is left of a secret in its memory.

The memory is searched for every 8-byte slice of every secret, in all mappings, also unreadable ones. That needs the right to
trace another process. Two controls make sure that the search can find: before Lock the seed is there, and a copy that is freed
without wiping, planted in another process, is found.
"""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import termios

import bus_monitor
import harness
import memory

try:
    import dbus
    import secret_client
except ImportError as missing:
    secret_client = None
    missing_module = missing.name

abandon = "abandon " * 11 + "about"
words = "legal winner thank year wave sausage worth useful legal winner thank yellow"
passphrase = "corr3ct h0rse battery st4ple"

H = 0x80000000


def sha512(key, data):
    return hmac.new(key, data, hashlib.sha512).digest()


def chain(seed, path, first=b"ed25519 seed"):
    """Private key with chain code of every step of SLIP-0010."""
    steps = [sha512(first, seed)]
    for index in path:
        steps.append(sha512(steps[-1][32:], b"\0" + steps[-1][:32] + struct.pack(">I", index | H)))
    return steps


class Secretd(harness.Case):
    def setUp(self):
        super().setUp()
        if secret_client is None:
            self.skipTest(f"the Python module {missing_module} is not installed")
        self.config = self.dir / "alknet.toml"
        self.config.write_text('[[listeners]]\nname = "ssh"\ntransport = "tcp"\n')
        self.address = self.start_bus()

    def start_secretd(self, address=None, **options):
        address = address or self.address
        daemon = self.start("secretd", [harness.binary("alknet-secretd"), "--config", self.config, "--bus-address", address],
                            **options)
        daemon.wait_line("server running")
        return daemon, secret_client.Client(address)

    def assert_refused(self, name, function, *arguments, **named):
        with self.assertRaises(dbus.DBusException) as caught:
            function(*arguments, **named)
        self.assertEqual(caught.exception.get_dbus_name(), f"org.alknet.Error.{name}")
        return str(caught.exception)


class Answers(Secretd):
    def test_known_answers(self):
        _, client = self.start_secretd()
        client.unlock(abandon)
        self.assertEqual(client.derive("DeriveEd25519", "m/74'/0'/0'/0'")[1].hex(),
                         "603aa5c626317fda4afd87b902e5c9de76c33f40834005245e1c5a675e92d700")
        public, private = client.derive("DeriveEthereumKey", "m/44'/60'/0'/0/0")
        self.assertEqual(public.hex(), "0237b0bb7a8288d38ed49a524b5dc98cff3eb5ca824c9f9dc0dfdb3d9cd600f299")
        self.assertEqual(private.hex(), "1ab42cc412b618bdea3a599e3c9bae199ebf030895b039e9db1e30dafb12b727")
        self.assertEqual(client.password("m/74'/1'/0'/595175158'", 64).hex()[:32], "08ef920a3e507ba3b8ea75da5ca8c73d")
        record = client.encrypt("my-api-key-12345", "web")
        self.assertEqual(client.decrypt(record), ("web", "my-api-key-12345"))

    def test_a_life(self):
        daemon, client = self.start_secretd()
        self.assertEqual(client.status()["state"], "locked")
        self.assert_refused("Locked", client.derive, "DeriveEd25519", "m/74'/0'/0'/0'")
        identity, mnemonic = client.generate(24, passphrase)
        self.assert_refused("Conflict", client.unlock, mnemonic, passphrase)
        self.assertFalse(client.lock())
        self.config.write_text(self.config.read_text() + f'[secrets]\nidentity = "{identity}"\n')
        self.assertIn("another identity", self.assert_refused("Conflict", client.unlock, mnemonic, "wrong"))
        self.assert_refused("Conflict", client.generate)
        self.assertEqual(client.unlock(mnemonic, passphrase), identity)
        self.assertEqual(daemon.stop(), 0)
        log = daemon.text()
        for event in ("secrets unlocked identity=SHA256:", "secrets locked uid=", "unlock refused uid="):
            self.assertIn(event, log)
        for word in (mnemonic.split()[0] + " " + mnemonic.split()[1], passphrase):
            self.assertNotIn(word, log)

    def test_it_starts_locked_again(self):
        daemon, client = self.start_secretd()
        client.unlock(abandon)
        daemon.stop()
        _, client = self.start_secretd()
        self.assertEqual(client.status()["state"], "locked")

    def test_an_enrolled_credential_unlocks(self):
        credentials = self.dir / "credentials"
        credentials.mkdir()
        (credentials / "unlock").write_bytes(secret_client.unlock_request(abandon))
        daemon, client = self.start_secretd(env={"CREDENTIALS_DIRECTORY": str(credentials)})
        status = client.status()
        self.assertEqual((status["state"], bool(status["unattended"])), ("unlocked", True))
        self.assertTrue(client.lock())
        daemon.stop()
        (credentials / "unlock").write_bytes(b"nonsense")
        daemon, client = self.start_secretd(env={"CREDENTIALS_DIRECTORY": str(credentials)})
        self.assertEqual(client.status()["state"], "locked")
        daemon.wait_line("the enrolled credential does not unlock")

    def test_without_locked_memory_it_does_not_start(self):
        if harness.sanitizers != "none":
            self.skipTest("sanitizers make mlock(2) do nothing")
        command = [harness.binary("alknet-secretd"), "--config", str(self.config), "--bus-address", self.address]
        if os.getuid() == 0:  # who may lock without a limit, but for one capability
            harness.require("setpriv")
            command = ["setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock", *command]
        daemon = self.start("unlocked", ["prlimit", "--memlock=0:0", *command])
        self.assertEqual(daemon.wait(), 1)
        self.assertIn("cannot lock", daemon.text())


class Memory(Secretd):
    def setUp(self):
        super().setUp()
        if os.getuid() != 0:
            self.skipTest("needs root, to read the memory of another process")
        if harness.sanitizers != "none":
            self.skipTest("sanitizers keep memory of their own")

    def search(self, pid, needles):
        """Lines about what was found."""
        return memory.search(pid, needles)

    def elsewhere(self):
        if not hasattr(self, "second_bus"):
            self.second_bus = self.start_bus(name="elsewhere")
        return self.second_bus

    def assert_nothing_left(self, daemon, needles, what=None):
        """But what a process that never had a secret holds as well: English of the libraries, such as "return r"."""
        found = self.search(daemon.pid, needles)
        if found:
            virgin, _ = self.start_secretd(self.elsewhere())
            chance = {line.split()[1] for line in self.search(virgin.pid, needles)}
            virgin.stop()
            found = [line for line in found if line.split()[1] not in chance]
        self.assertEqual(found, [], what)

    def secrets(self):
        """Everything that the life in `use` goes through, but what any program may hold by chance."""
        seed = hashlib.pbkdf2_hmac("sha512", words.encode(), b"mnemonic" + passphrase.encode(), 2048)
        steps = [step for path in ([74, 0, 0, 0], [74, 0, 1, 0], [74, 0, 2, 0], [74, 1, 0, 7], [74, 2, 0, 0]) for step in chain(seed, path)]
        master = sha512(b"Bitcoin seed", seed)
        signing = hashlib.sha512(chain(seed, [74, 0, 2, 0])[-1][:32]).digest()  # what Ed25519 makes of a private key
        return {"words": memory.across_words(words), "passphrase": [passphrase.encode()], "seed": [seed],
                "keys and chain codes": [*steps, master, signing, self.ethereum], "plaintext": [self.plaintext.encode()]}

    plaintext = "a credential nobody else has 5d1c"
    ethereum = b""

    def use(self, client):
        client.unlock(words, passphrase)
        for path in ("m/74'/0'/0'/0'", "m/74'/0'/1'/0'"):
            client.derive("DeriveEd25519", path)
        self.ethereum = client.derive("DeriveEthereumKey", "m/44'/60'/0'/0/0")[1]
        client.password("m/74'/1'/0'/7'", 64)
        client.decrypt(client.encrypt(self.plaintext, "web"))
        client.sign_anchor(7, bytes(32))

    def test_nothing_is_left_after_lock(self):
        daemon, client = self.start_secretd()
        self.use(client)
        secrets = self.secrets()
        # Control: what an unlocked service has to hold is found, and only in the locked mapping.
        found = self.search(daemon.pid, secrets["seed"])
        self.assertTrue(found)
        self.assertEqual(len({line.split()[2] for line in found}), 1, found)
        self.assertTrue(self.search(daemon.pid, secrets["keys and chain codes"]))
        # What is over is gone at once, unlocked or not.
        for name in ("words", "passphrase", "plaintext"):
            self.assert_nothing_left(daemon, secrets[name], name)
        client.lock()
        for name, needles in secrets.items():
            self.assert_nothing_left(daemon, needles, name)

    def test_nothing_is_left_of_new_words(self):
        daemon, client = self.start_secretd()
        _, mnemonic = client.generate(24)
        self.assert_nothing_left(daemon, memory.across_words(mnemonic))
        seed = hashlib.pbkdf2_hmac("sha512", mnemonic.encode(), b"mnemonic", 2048)
        self.assertTrue(self.search(daemon.pid, [seed]))
        client.lock()
        self.assert_nothing_left(daemon, [seed, *chain(seed, [74, 0, 0, 0])])

    def test_nothing_is_left_of_what_failed(self):
        daemon, client = self.start_secretd()
        mistaken = words.rsplit(" ", 1)[0] + " abandon"
        self.assert_refused("Invalid", client.unlock, mistaken, passphrase)
        self.assert_nothing_left(daemon, [*memory.across_words(mistaken), passphrase.encode()])

    def test_the_search_finds_a_freed_copy(self):
        """Control: in a process that does what secretd must not."""
        secret = os.urandom(64)
        source = ("import ctypes, sys\n"
                  "libc = ctypes.CDLL(None); libc.malloc.restype = ctypes.c_void_p\n"
                  "copy = libc.malloc(ctypes.c_size_t(64)); key = sys.stdin.buffer.read(64)\n"
                  "ctypes.memmove(copy, bytes(a ^ 0x55 for a in key), 64)\n"
                  "del key; libc.free(ctypes.c_void_p(copy)); print('ready', flush=True); sys.stdin.buffer.read()\n")
        masked = bytes(a ^ 0x55 for a in secret)
        leak = subprocess.Popen(["/usr/bin/python3", "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(leak.wait)
        self.addCleanup(leak.stdout.close)
        self.addCleanup(leak.stdin.close)
        leak.stdin.write(masked)
        leak.stdin.flush()
        self.assertEqual(leak.stdout.readline(), b"ready\n")
        self.assertTrue(self.search(leak.pid, [secret[16:]]))  # free() writes over the first 16 bytes

    def test_nothing_is_in_a_core_or_traceable(self):
        daemon, _ = self.start_secretd()
        status = pathlib.Path(f"/proc/{daemon.pid}/status").read_text()
        self.assertGreaterEqual(int(re.search(r"VmLck:\s+(\d+) kB", status)[1]), 512)
        self.assertRegex(status, r"Threads:\s+1\n")
        limits = pathlib.Path(f"/proc/{daemon.pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size\s+0\s+0")


class Monitor(Secretd):
    def test_a_monitor_of_the_bus_sees_no_secret(self):
        _, client = self.start_secretd()
        monitor = bus_monitor.BusMonitor(self, self.address)
        client.unlock(words, passphrase)
        private = client.derive("DeriveEd25519", "m/74'/0'/0'/0'")[1]
        password = client.password("m/74'/1'/0'/7'", 64)
        client.decrypt(client.encrypt("a credential nobody else has"))
        client.lock()
        _, mnemonic = client.generate()
        marker = f"m/74'/0'/0'/{os.getpid()}'"
        client.derive("DeriveEd25519", marker)
        monitor.wait_for(marker.encode())
        self.assertIn(b"DerivePassword", monitor.messages)
        for secret in (private, password, words.encode(), passphrase.encode(), mnemonic.encode(), b"a credential nobody"):
            self.assertEqual(monitor.sees(secret), [])


class Tool(Secretd):
    """alknetctl secret against the daemon."""

    def setUp(self):
        super().setUp()
        self.daemon, self.client = self.start_secretd()

    def ctl(self, *arguments, given=None, check=0):
        command = [harness.binary("alknetctl"), "--bus-address", self.address, "secret", "--config", self.config, *arguments]
        options = {"input": given} if given is not None else {}
        if options:
            options["stdin"] = None
            done = subprocess.run([str(part) for part in command], input=given, capture_output=True, timeout=60)
            self.assertEqual(done.returncode, check, done.stderr.decode())
            return done
        return self.run_program(command, check=check)

    def test_generate_lock_unlock(self):
        made = self.ctl("generate", "--words", "15", "--passphrase", "--fd", "0", given=passphrase.encode() + b"\n")
        mnemonic = made.stdout.decode().strip()
        self.assertEqual(len(mnemonic.split()), 15)
        self.assertIn(b"unlocked as SHA256:", made.stderr)
        drop_in = self.dir / "alknet.toml.d" / "50-identity.toml"
        identity = re.search(r'^identity = "(SHA256:\S+)"$', drop_in.read_text(), re.M)[1]
        status = json.loads(self.ctl("--json", "status").stdout)
        self.assertEqual((status["state"], status["identity"], status["configured_identity"]), ("unlocked", identity, identity))
        self.assertEqual(self.ctl("lock").stdout, b"locked\n")
        wrong = self.ctl("unlock", "--fd", "0", given=f"{mnemonic}\nwrong\n".encode(), check=1)
        self.assertIn(b"another identity", wrong.stderr)
        right = self.ctl("unlock", "--fd", "0", given=f"{mnemonic.upper()}\n{passphrase}".encode())
        self.assertEqual(right.stdout.decode(), f"unlocked as {identity}\n")
        again = self.ctl("generate", "--fd", "0", given=b"", check=1)
        self.assertIn(b"identity already", again.stderr)

    def test_words_without_an_identity_are_written_down(self):
        out = self.ctl("unlock", "--fd", "0", given=abandon.encode() + b"\n")
        self.assertIn(b"nothing was there to compare with", out.stderr)
        self.assertTrue((self.dir / "alknet.toml.d" / "50-identity.toml").exists())
        self.assertIn(b"unlocked already", self.ctl("unlock", "--fd", "0", given=b"", check=1).stderr)

    def test_what_follows_from_the_seed(self):
        self.client.unlock(abandon)
        line = self.ctl("derive", "m/74h/0h/1h/0h").stdout.decode()
        self.assertRegex(line, r"^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI\S+\n$")
        self.assertIn("6a9dd5c41915fba6cc22b8760263aba45b068cae7bead1d069c7b8eeb0118134",
                      base64.b64decode(line.split()[1]).hex())
        self.assertEqual(self.ctl("derive", "--private", "m/74'/0'/1'/0'").stdout,
                         b"be2dfaff0d268c833fd9c653b9bd352cef3ec2b211db804211c9f912b63dc3ab\n")
        self.assertEqual(self.ctl("derive", "--type", "secp256k1", "m/44'/60'/0'/0/0").stdout,
                         b"0237b0bb7a8288d38ed49a524b5dc98cff3eb5ca824c9f9dc0dfdb3d9cd600f299\n")
        self.assertEqual(self.ctl("password", "example.com").stdout, b"CO-SCj5Qe6O46nXaXKjHPR_eAp4oUZq2\n")
        self.assertIn(b"below m/74'/0'", self.ctl("derive", "m/44'/60'/0'", check=1).stderr)

    def test_records(self):
        self.client.unlock(abandon)
        record = self.ctl("encrypt", "--tag", "web", "--fd", "0", given=b"two\nlines").stdout
        self.assertEqual(self.ctl("decrypt", given=record).stdout, b"two\nlines")
        rotated = self.ctl("rotate", "--key-version", "5", given=record).stdout
        self.assertEqual(json.loads(rotated)["key_version"], 5)
        self.assertEqual(self.ctl("decrypt", given=rotated).stdout, b"two\nlines")
        self.assertIn(b"not a record", self.ctl("decrypt", given=b"{}", check=1).stderr)
        self.ctl("lock")
        self.assertIn(b"locked", self.ctl("decrypt", given=record, check=1).stderr)

    def test_a_terminal_shows_nothing_of_what_is_typed(self):
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(harness.binary("alknetctl"), ["alknetctl", "--bus-address", self.address, "secret", "--config",
                                                   str(self.config), "unlock"])
        self.addCleanup(os.close, terminal)
        shown = self.until(terminal, b"Mnemonic: ")
        os.write(terminal, abandon.encode() + b"\n")
        shown += self.until(terminal, b"Passphrase (empty if there is none): ")
        os.write(terminal, passphrase.encode() + b"\n")
        shown += self.until(terminal, b"unlocked as SHA256:")
        self.assertNotIn(b"abandon", shown)
        self.assertNotIn(passphrase.encode(), shown)
        self.until(terminal, None)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)

    def test_an_interrupted_question_leaves_the_terminal_as_it_was(self):
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(harness.binary("alknetctl"), ["alknetctl", "--bus-address", self.address, "secret", "--config",
                                                   str(self.config), "unlock"])
        self.addCleanup(os.close, terminal)
        self.until(terminal, b"Mnemonic: ")
        self.assertFalse(termios.tcgetattr(terminal)[3] & termios.ECHO)
        os.write(terminal, b"\x03")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), -signal.SIGINT)
        self.assertTrue(termios.tcgetattr(terminal)[3] & termios.ECHO)

    def until(self, terminal, mark):
        """Everything up to the mark; None: to the end."""
        seen = b""
        while mark is None or mark not in seen:
            self.assertTrue(select.select([terminal], [], [], 20)[0], seen)
            try:
                more = os.read(terminal, 4096)
            except OSError:  # the other side is closed
                more = b""
            if not more:
                self.assertIsNone(mark, seen)
                return seen
            seen += more
        return seen

    def test_without_a_terminal_it_says_what_to_do(self):
        done = subprocess.run(["setsid", harness.binary("alknetctl"), "--bus-address", self.address, "secret", "--config",
                               self.config, "unlock"],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"--fd N", done.stderr)


class Serve(harness.Case):
    def test_serve_has_secrets_too(self):
        server = self.serve()
        ctl = [harness.binary("alknetctl"), "--state", server.state, "secret"]
        if not server.children("alknet-secretd"):
            self.skipTest("memory cannot be locked here")
        made = subprocess.run([*ctl, "generate", "--fd", "0"], input=b"", capture_output=True, timeout=60)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertTrue((pathlib.Path(server.state) / "alknet.toml.d" / "50-identity.toml").exists())
        self.assertIn(b"unlocked", self.run_program([*ctl, "status"]).stdout)
        self.run_program([*ctl, "lock"])


if __name__ == "__main__":
    harness.main()
