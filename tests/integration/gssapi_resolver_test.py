"""A GSSAPI request under a resolver that never answers: libssh would look the machine's own name up inside its packet
handler and hold the whole event loop for 20 s, before anybody has logged in.

Runs itself once more in a network and a mount namespace of its own, where 127.0.0.1:53 takes queries and keeps silent.
"""

import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

import harness

try:
    import raw_ssh
except ImportError:
    raw_ssh = None

inside = "ALKNET_DEAD_RESOLVER"


class SilentResolver(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.queries = 0

    def run(self):
        while self.socket.recv(2048):
            self.queries += 1


class DeadResolver(harness.Case):
    def test_nobody_waits(self):
        resolver = SilentResolver()
        resolver.start()
        server = self.serve()
        key = raw_ssh.load_key(server.identity)
        # More sessions than loops: some share a thread with the one that asks.
        others = [raw_ssh.RawClient(server.ssh) for _ in range(6)]
        asking = [raw_ssh.RawClient(server.ssh) for _ in range(2)]
        begin = time.monotonic()
        for client in asking:
            client.ask_gssapi()
        for client in others:
            client.sign_in(key)
            self.assertEqual(client.answer(10)[0], raw_ssh.USERAUTH_SUCCESS)
        for client in asking:
            self.assertEqual(client.answer(10)[0], raw_ssh.USERAUTH_FAILURE)
        self.assertLess(time.monotonic() - begin, 8)
        self.assertEqual(resolver.queries, 0)
        for client in others + asking:
            client.close()


class InNamespaces(harness.Case):
    def test_in_namespaces_of_its_own(self):
        harness.require("unshare", "ip", "mount")
        if os.geteuid() != 0:
            self.skipTest("needs root for namespaces")
        if raw_ssh is None:
            self.skipTest("python3-paramiko is missing")
        resolv, hosts = self.dir / "resolv.conf", self.dir / "hosts"
        resolv.write_text("nameserver 127.0.0.1\n")
        hosts.write_text("127.0.0.1 localhost\n")  # the machine's own name is missing on purpose
        script = (f"ip link set lo up && mount --bind {resolv} /etc/resolv.conf && mount --bind {hosts} /etc/hosts && "
                  f"exec {sys.executable} {pathlib.Path(__file__).resolve()} DeadResolver")
        done = subprocess.run(["unshare", "--net", "--mount", "sh", "-c", script], capture_output=True, text=True,
                              timeout=150, env={**os.environ, inside: "1"}, check=False)
        # The last one: inside a chroot, whose root is no mount point of its own.
        obstacles = ("unshare failed", "Operation not permitted", "cannot change root filesystem propagation")
        if any(obstacle in done.stderr for obstacle in obstacles):
            self.skipTest("namespaces cannot be made here: " + done.stderr.strip().splitlines()[-1])
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])
        self.assertIn("ok 1", done.stdout)


# Each side sees only its own case, so that neither counts as skipped.
if os.environ.get(inside):
    del InNamespaces
else:
    del DeadResolver

if __name__ == "__main__":
    harness.main()
