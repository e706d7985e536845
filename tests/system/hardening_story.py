"""What the units' sandboxes forbid, tried from inside of them.

The probe runs as the real unit, in all that it says (user, credentials, sockets, sandbox): a drop-in replaces nothing but the
program. That the daemon itself stands in the same sandbox is read from the kernel: same user, capabilities and filters. And the
probe without a sandbox may do everything, so that each "no" is the sandbox's.
"""

import os

import harness
import story

probe = os.environ.get("ALKNET_SANDBOX_PROBE", harness.root / "build/tests/system/sandbox_probe")
place = "/usr/libexec/alknet/probe"
as_probe = f"""[Service]
Type=oneshot
ExecStart=
ExecStart={place}
ExecStop=
ExecStopPost=
Restart=no
WatchdogSec=0
"""
# The line of defence named by the error: address families, read-only file systems, hidden files, no execution, filters.
forbidden = {
    "inet-socket": "EAFNOSUPPORT",
    "inet6-socket": "EAFNOSUPPORT",
    "netlink-socket": "EAFNOSUPPORT",
    "packet-socket": "EAFNOSUPPORT",
    "write-etc": "EROFS",
    "write-usr": "EROFS",
    "write-var": "EROFS",
    "write-run": "EROFS",
    "write-keys": "EACCES",
    "read-shadow": "EACCES",
    "read-host-key": "EACCES",
    "read-home": "EACCES",
    "see-init": "ENOENT",
    "write-sysctl": "ENOENT",
    "set-user-id-file": "EPERM",
    "execute": "EACCES",
    "execute-from-tmp": "EACCES",
    "execute-from-var-tmp": "EACCES",
    "execute-from-shm": "EACCES",
    "trace": "EPERM",
    "write-and-execute-memory": "EPERM",
    "user-namespace": "EPERM",
    "mount": "EPERM",
    "become-another-user": "EPERM",
    "personality": "EPERM",
    "load-bpf": "EPERM",
}


class Sandbox(story.Case):
    def setUp(self):
        super().setUp()
        self.server_box = self.server()
        self.server_box.run(["systemctl", "start", "alknet-listend"])
        with open(probe, "rb") as file:
            self.server_box.write(place, file.read(), mode=0o755)

    def tried(self, unit):
        """({attempt: outcome}, what the kernel says of the probe) when the probe is the unit's program."""
        self.server_box.write(f"/run/systemd/system/{unit}.d/story.conf", as_probe)
        self.server_box.run(f"systemctl daemon-reload; systemctl stop {unit}; systemctl start {unit}")
        return self.parsed(self.server_box.messages("-u", unit, f"_EXE={place}"))

    @staticmethod
    def parsed(lines):
        outcomes = dict(line.split(" ", 1) for line in lines if not line.startswith("status "))
        return outcomes, sorted(line.removeprefix("status ").expandtabs(1) for line in lines if line.startswith("status "))

    def kernel_view(self, unit):
        """Of the real daemon."""
        pid = self.server_box.show(unit, "MainPID")["MainPID"]
        wanted = ("Uid:", "Gid:", "Cap", "NoNewPrivs:", "Seccomp")
        return sorted(line.expandtabs(1) for line in self.server_box.read(f"/proc/{pid}/status").splitlines()
                      if line.startswith(wanted))

    def test_without_a_sandbox_all_is_allowed(self):
        outcomes, _ = self.parsed(self.server_box.run([place]).stdout.splitlines())
        self.assertEqual(outcomes, {name: "ok" for name in ("unix-socket", *forbidden)})

    def test_authd(self):
        real = self.kernel_view("alknet-authd.service")
        outcomes, kernel = self.tried("alknet-authd.service")
        self.assertEqual(outcomes, {"unix-socket": "ok", **forbidden})
        self.assertEqual(kernel, real)
        self.assert_powerless(real)

    def test_secretd(self):
        self.server_box.run(["busctl", "get-property", "org.alknet.Secret1", "/org/alknet/Secret1", "org.alknet.Secret1", "State"])
        real = self.kernel_view("alknet-secretd.service")
        outcomes, kernel = self.tried("alknet-secretd.service")
        self.assertEqual(outcomes, {"unix-socket": "ok", **forbidden})
        self.assertEqual(kernel, real)
        self.assert_powerless(real)

    def test_stored(self):
        """Its databases are what it may write more; the probe does not know their place."""
        self.server_box.run(["busctl", "get-property", "org.alknet.Store1", "/org/alknet/Store1", "org.alknet.Store1", "Version"])
        real = self.kernel_view("alknet-stored.service")
        outcomes, kernel = self.tried("alknet-stored.service")
        self.assertEqual(outcomes, {"unix-socket": "ok", **forbidden})
        self.assertEqual(kernel, real)
        self.assert_powerless(real)

    def test_stored_with_the_package_for_postgresql(self):
        """A network is what it has more. Without [storage] url it is as before, and a credential that nobody made is none."""
        engine = ["busctl", "get-property", "org.alknet.Store1", "/org/alknet/Store1", "org.alknet.Store1", "Engine"]
        self.assertIn("SQLite", self.server_box.run(engine).stdout)
        self.install(self.server_box, "alknet-stored-postgresql")
        self.assertIn("SQLite", self.server_box.run(engine).stdout)
        self.server_box.run(["systemd-analyze", "security", "--threshold=11", "alknet-stored.service"])
        real = self.kernel_view("alknet-stored.service")
        outcomes, kernel = self.tried("alknet-stored.service")
        self.assertEqual(outcomes, {"unix-socket": "ok", **forbidden, "inet-socket": "ok", "inet6-socket": "ok"})
        self.assertEqual(kernel, real)
        self.assert_powerless(real)

    def test_stored_without_its_server_says_so(self):
        self.install(self.server_box, "alknet-stored-postgresql")
        self.server_box.write("/etc/credstore/storage_password", "secret-of-the-server", mode=0o600)
        self.server_box.write("/etc/alknet/alknet.toml.d/storage.toml",
                              '[storage]\nurl = "postgresql://alknet@127.0.0.1/alknet"\npassword = "credential:storage_password"\n')
        self.server_box.run("systemctl restart alknet-stored || true")
        said = "\n".join(self.server_box.messages("-u", "alknet-stored"))
        self.assertIn("PostgreSQL does not answer: connection to server at", said)
        self.assertNotIn("secret-of-the-server", said)
        self.server_box.run("DEBIAN_FRONTEND=noninteractive apt-get -y remove alknet-stored-postgresql")
        self.server_box.run("systemctl restart alknet-stored || true")
        self.assertIn("install the package alknet-stored-postgresql", "\n".join(self.server_box.messages("-u", "alknet-stored")))

    def test_listend(self):
        """It connects to where its users want to: sockets of the internet are what it may have more."""
        real = self.kernel_view("alknet-listend.service")
        outcomes, kernel = self.tried("alknet-listend.service")
        self.assertEqual(outcomes, {"unix-socket": "ok", **forbidden, "inet-socket": "ok", "inet6-socket": "ok"})
        self.assertEqual(kernel, real)
        self.assert_powerless(real)

    def test_metrics(self):
        """The probe stands where alknetctl stood, which is all that may run there, and a connection starts it."""
        with open(probe, "rb") as file:
            self.server_box.write("/usr/bin/alknetctl", file.read(), mode=0o755)
        drop_in = as_probe.replace(place, "/usr/bin/alknetctl") + "StandardOutput=journal\nLogLevelMax=info\nRuntimeMaxSec=infinity\n"
        self.server_box.write("/run/systemd/system/alknet-metrics@.service.d/story.conf", drop_in)
        self.server_box.run("systemctl daemon-reload; systemctl start alknet-metrics.socket; "
                            "exec 3<>/dev/tcp/127.0.0.1/10220; timeout 30 cat <&3")
        # By its name: the journal may look for the program of a process when that has ended already.
        outcomes, kernel = self.parsed(self.server_box.messages("-t", "alknetctl"))
        self.assertEqual(outcomes, {"unix-socket": "ok", **forbidden})
        self.assert_powerless(kernel)

    def assert_powerless(self, kernel):
        self.assertLessEqual({f"Cap{kind}: {0:016x}" for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")}, set(kernel))
        self.assertIn("NoNewPrivs: 1", kernel)
        self.assertIn("Seccomp: 2", kernel)

    def test_authd_has_no_network_at_all(self):
        pid = self.server_box.show("alknet-authd.service", "MainPID")["MainPID"]
        devices = self.server_box.read(f"/proc/{pid}/net/dev").splitlines()[2:]
        self.assertEqual([line.split(":")[0].strip() for line in devices], ["lo"])

    def test_exposure(self):
        """Of the units as systemd has loaded them. In tenths: 2 is 0.2."""
        for unit, most in (("alknet-authd.service", 2), ("alknet-secretd.service", 2), ("alknet-listend.service", 11), ("alknet-metrics@1.service", 3)):
            with self.subTest(unit):
                self.server_box.run(["systemd-analyze", "security", f"--threshold={most}", unit])

    def test_units_are_understood(self):
        out = self.server_box.run("systemd-analyze --man=no verify /lib/systemd/system/alknet* 2>&1").stdout
        self.assertEqual(out, "")


if __name__ == "__main__":
    harness.main()
