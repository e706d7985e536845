"""What is left of secrets when alknet-secretd is locked, in the processes of a server, in alknetctl and on the bus.

What alknet-secretd itself forgets is in secretd_test; what adding a credential leaves behind in outbound_credential_test.
"""

import hashlib
import os
import subprocess
import threading

import bus_monitor
import harness
import memory
import served

try:
    import dbus
    import dbus.mainloop.glib
    import dbus.service
    import nacl.public
    from gi.repository import GLib
except ImportError as missing:
    dbus = None
    missing_module = missing.name

abandon = "abandon " * 11 + "about"
passphrase = "corr3ct h0rse battery st4ple"


def require_search(case):
    if os.getuid() != 0:
        case.skipTest("needs root, to read the memory of another process")
    if harness.sanitizers != "none":
        case.skipTest("sanitizers keep memory of their own")


class Server(harness.Case):
    """`alknet serve`: every daemon of a server, with a host key that follows from the seed."""

    def setUp(self):
        super().setUp()
        require_search(self)
        harness.require("ssh")
        served.exempt_loopback(self.dir / "state")
        (self.dir / "state" / "alknet.toml.d" / "20-key.toml").write_text('[server]\nhost_key = "secret:"\n')
        self.server = self.serve()
        if not self.server.children("alknet-secretd"):
            self.skipTest("memory cannot be locked here")

    def secret(self, *arguments, given=b""):
        done = subprocess.run([harness.binary("alknetctl"), "--state", self.server.state, "secret", *arguments],
                              input=given, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def processes(self):
        return {"alknet serve": self.server.program.pid, **self.server.children(), "the engine": self.server.engine()}

    def found(self, needles):
        """{process: what was found in its memory}"""
        hits = {name: memory.written(memory.search(pid, needles)) for name, pid in self.processes().items()}
        return {name: lines for name, lines in hits.items() if lines}

    def test_no_process_keeps_anything(self):
        words = self.secret("generate", "--passphrase", "--fd", "0", given=passphrase.encode()).decode().strip()
        harness.wait_until(lambda: "host key taken" in self.server.program.text(), what="the host key")
        host_key = bytes.fromhex(self.secret("derive", "--private", "m/74'/0'/1'/0'").decode().strip())
        its_seed = hashlib.pbkdf2_hmac("sha512", words.encode(), b"mnemonic" + passphrase.encode(), 2048)
        # Control: who has to hold them is found with them, and nobody else.
        self.assertEqual(set(self.found([its_seed])), {"alknet-secretd"})
        self.assertIn("the engine", self.found([host_key]))
        host, port = self.server.ssh
        public = " ".join(self.secret("derive", "m/74'/0'/1'/0'").decode().split()[:2])
        self.server.known_hosts.write_text(f"[{host}]:{port} {public}\n")
        session = self.server.ssh_forward("-L", f"{self.dir}/forward:127.0.0.1:1")
        session.stop()
        harness.wait_until(lambda: self.server.ctl("sessions", "--json").stdout.strip() == b"[]", what="the session ends")
        self.secret("lock")
        harness.wait_until(lambda: "alknet-secretd is locked" in self.server.ctl("status").stdout.decode(), what="locked")
        left = self.found([its_seed, passphrase.encode(), *memory.across_words(words)])
        self.assertEqual({name: lines[:4] for name, lines in left.items()}, {})
        # The engine has read the host key by libssh 0.10, which frees some of its buffers unwiped.
        left = self.found([host_key])
        left.pop("the engine", None)
        self.assertEqual({name: lines[:4] for name, lines in left.items()}, {})


class Deaf(dbus.service.Object if dbus else object):
    """A service that prepares a key for a sealed box and then does not answer: who sends has nothing more to keep."""

    def __init__(self, address):
        self._loop = GLib.MainLoop()
        self._key = nacl.public.PrivateKey.generate()
        self.got = threading.Event()
        bus = dbus.bus.BusConnection(address, mainloop=dbus.mainloop.glib.DBusGMainLoop())
        name = dbus.service.BusName("org.alknet.Secret1", bus)
        super().__init__(name, "/org/alknet/Secret1")
        self._thread = threading.Thread(target=self._loop.run)
        self._thread.start()

    def stop(self):
        self._loop.quit()
        self._thread.join()

    if dbus:
        @dbus.service.method("org.alknet.Secret1", in_signature="", out_signature="ay", byte_arrays=True)
        def Prepare(self):
            return dbus.ByteArray(bytes(self._key.public_key))

        @dbus.service.method("org.alknet.Secret1", in_signature="", out_signature="a{sv}")
        def Status(self):
            return dbus.Dictionary({"state": "locked"}, signature="sv")

        @dbus.service.method("org.alknet.Secret1", in_signature="ayayb", out_signature="s", byte_arrays=True,
                             async_callbacks=("answer", "refuse"))
        def Unlock(self, key, box, force, answer, refuse):
            self.opened = nacl.public.SealedBox(self._key).decrypt(bytes(box))
            self.got.set()


class Tool(harness.Case):
    def test_alknetctl_forgets_what_it_has_sent(self):
        require_search(self)
        if dbus is None:
            self.skipTest(f"the Python module {missing_module} is not installed")
        address = self.start_bus()
        service = Deaf(address)
        self.addCleanup(service.stop)
        (self.dir / "alknet.toml").write_text("")
        unlocking = self.start("unlocking", [harness.binary("alknetctl"), "--bus-address", address, "secret", "--config",
                                             self.dir / "alknet.toml", "unlock", "--fd", "0"], input=True)
        unlocking.stdin.write(f"{abandon}\n{passphrase}\n".encode())
        unlocking.stdin.close()
        self.assertTrue(service.got.wait(20), unlocking.text())
        self.assertIn(passphrase.encode(), service.opened)  # control: it had them
        left = memory.search(unlocking.pid, [passphrase.encode(), *memory.across_words(abandon)])
        self.assertEqual(memory.written(left), [])


class Bus(harness.Case):
    def test_the_monitor_opens_descriptors(self):
        """Control: what stands behind a descriptor would be found."""
        if dbus is None:
            self.skipTest(f"the Python module {missing_module} is not installed")
        address = self.start_bus()
        monitor = bus_monitor.BusMonitor(self, address)
        secret = os.urandom(32)
        memory_file = os.memfd_create("hidden")
        os.write(memory_file, secret)
        signal = dbus.lowlevel.SignalMessage("/", "org.example.Test", "Hidden")
        signal.append(dbus.types.UnixFd(memory_file), signature="h")
        os.close(memory_file)
        sender = dbus.bus.BusConnection(address)
        sender.send_message(signal)
        sender.flush()
        harness.wait_until(lambda: monitor.descriptors, what="the descriptor")
        self.assertEqual(monitor.descriptors, [("file", secret)])
        self.assertTrue(monitor.sees(secret))
        self.assertNotIn(secret[:8], monitor.messages)


if __name__ == "__main__":
    harness.main()
