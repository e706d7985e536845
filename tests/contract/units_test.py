"""The units: the complete hardening list in each service, what keeps a server up, the exposure scores, and that systemd
itself understands every line. Nothing is started: systemd-analyze reads the files.

usage: units_test.py DIRECTORY-OF-CONFIGURED-UNITS
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import harness

units = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else harness.root / "build" / "units"

# Every service carries these lines; what a service adds must not take any of them back.
hardening = """
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
PrivateIPC=yes
PrivateUsers=yes
PrivateMounts=yes
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources @debug @mount @cpu-emulation @obsolete @clock @module @raw-io @reboot @swap
LimitCORE=0
NoExecPaths=/ /dev/shm /run /tmp /var/tmp
ReadOnlyPaths=/run
""".split("\n")[1:-1]
no_network = ["PrivateNetwork=yes", "IPAddressDeny=any", "RestrictAddressFamilies=AF_UNIX"]

# systemd-analyze's exposure, in tenths, that each service may have. listend connects to destinations itself; keygen is
# root, since keys belong to root.
exposure = {"alknet-authd.service": 2, "alknet-secretd.service": 2,
            "alknet-listend.service": 11, "alknet-keygen.service": 5, "alknet-metrics@.service": 3, "alknet-stored.service": 2}

# What a package adds to a service's unit, where it stands, and the exposure of both together.
drop_ins = {"alknet-stored-postgresql.conf": ("alknet-stored.service.d/postgresql.conf", 11)}

# Lines that a hardening directive may stand in a second time.
may_repeat = {"SystemCallFilter"}


def lines(name):
    """The settings of a unit as written, without comments."""
    text = re.sub(r"\\\n\s*", " ", (units / name).read_text())
    return [line for line in text.splitlines() if line and not line.startswith(("#", ";"))]


def values(name, key):
    return [line.partition("=")[2] for line in lines(name) if line.partition("=")[0] == key]


def names(pattern):
    return sorted(path.name for path in units.glob(pattern) if path.is_file())


class Services(harness.Case):
    def test_all_are_judged(self):
        self.assertEqual(set(names("*.service")), set(exposure))

    def test_the_hardening_list_is_complete_and_not_taken_back(self):
        for name in names("*.service"):
            have = lines(name)
            for line in hardening:
                with self.subTest(f"{name} {line}"):
                    self.assertIn(line, have)
                    key = line.partition("=")[0]
                    if key not in may_repeat:
                        self.assertEqual(len(values(name, key)), 1, f"{key} is set twice")
            self.assertEqual(len(values(name, "SystemCallFilter")), 2)

    def test_programs_are_all_that_may_run(self):
        for name in names("*.service"):
            program = values(name, "ExecStart")[0].split()[0]
            # A folder that holds nothing but programs of ours, or the program alone.
            programs = pathlib.Path(program) if program.endswith("/bin/alknetctl") else pathlib.Path(program).parent
            self.assertEqual(values(name, "ExecPaths"), [f"{programs} /usr/lib /lib /lib64"])
            self.assertEqual(values(name, "BindReadOnlyPaths"), [f"{programs} /usr/lib -/usr/lib64"])

    def test_only_listend_has_a_network(self):
        for name in names("*.service"):
            with self.subTest(name):
                for line in no_network:
                    self.assertEqual(line in lines(name), name != "alknet-listend.service", line)
        self.assertEqual(values("alknet-listend.service", "RestrictAddressFamilies"), ["AF_UNIX AF_INET AF_INET6"])

    def test_who_writes_where(self):
        may = {"alknet-keygen.service": ["ReadWritePaths=/etc/alknet"],
               "alknet-stored.service": ["StateDirectory=alknet-stored"]}
        for name in names("*.service"):
            writes = [line for line in lines(name) if re.match("(ReadWritePaths|.*Directory)=", line)]
            self.assertEqual(writes, may.get(name, []), name)

    def test_nothing_gives_up(self):
        """Starts by sockets and by the bus count as well: a limit would end in a service that nobody starts again."""
        for name in names("*.service") + names("*.socket"):
            self.assertEqual(values(name, "StartLimitIntervalSec"), ["0"], name)
        for name in names("*.socket"):
            self.assertEqual(values(name, "TriggerLimitIntervalSec"), ["0"], name)
        for name in ("alknet-authd.service", "alknet-listend.service", "alknet-secretd.service", "alknet-stored.service"):
            self.assertEqual(values(name, "Type"), ["notify"], name)
            self.assertEqual(values(name, "Restart"), ["on-failure"], name)
            self.assertEqual(values(name, "WatchdogSec"), ["30s"], name)
            self.assertEqual(values(name, "LimitNOFILE"), ["65536"], name)
            self.assertEqual(values(name, "LogRateLimitIntervalSec"), ["0"], name)
            self.assertEqual(values(name, "Slice"), ["alknet.slice"], name)
            # Longer than the daemon takes at most (lib/daemon/daemon.hpp).
            self.assertGreater(int(values(name, "TimeoutStopSec")[0].rstrip("s")), 10, name)

    def test_listend_is_not_restarted_or_enabled_by_accident(self):
        for name in names("*.service"):
            self.assertEqual(values(name, "Also"), [], name)
        self.assertFalse(list((harness.root / "contracts" / "dbus").glob("org.alknet.Listen1.service")))

    def test_activation_names_the_alias(self):
        for unit, interface in (("alknet-authd", "Auth1"), ("alknet-secretd", "Secret1"),
                                ("alknet-stored", "Store1")):
            activation = (harness.root / "contracts" / "dbus" / f"org.alknet.{interface}.service").read_text()
            alias = values(f"{unit}.service", "Alias")
            self.assertIn(f"SystemdService={alias[0]}\n", activation)

    def test_a_server_for_the_storage_takes_a_network_and_nothing_else(self):
        self.assertEqual(set(names("*.conf")), set(drop_ins))
        self.assertEqual(lines("alknet-stored-postgresql.conf"),
                         ["[Unit]", "After=postgresql.service network-online.target", "[Service]", "RestartSec=1s",
                          "PrivateNetwork=no", "IPAddressDeny=", "RestrictAddressFamilies=AF_INET AF_INET6",
                          "LoadCredential=storage_password"])

    def test_secrets_are_never_swapped(self):
        self.assertEqual(values("alknet-secretd.service", "LimitMEMLOCK"), ["2M"])


class Ports(harness.Case):
    def test_each_socket_has_its_listener(self):
        sample = (harness.root / "docs" / "sample" / "alknet.toml").read_text()
        listeners = dict(re.findall(r'\[\[listeners\]\]\nname = "(.+)"\ntransport = ".+"\n(?:#.*\n)*listen = "0.0.0.0:(.+)"',
                                    sample))
        sockets = {values(name, "FileDescriptorName")[0]: values(name, "ListenStream")[0]
                   for name in names("alknet-listend*.socket")}
        self.assertEqual(sockets, listeners)
        for name in names("alknet-listend*.socket"):
            self.assertEqual(values(name, "Service"), ["alknet-listend.service"])
            self.assertEqual(values(name, "BindIPv6Only"), ["both"], "IPv4 and IPv6")

    def test_a_stop_closes_every_port(self):
        closed = values("alknet-ports.target", "PropagatesStopTo")[0].split()
        self.assertEqual(sorted(closed), names("alknet-listend*.socket"))
        self.assertIn("alknet-ports.target", values("alknet-listend.service", "Wants")[0].split())

    def test_no_port_opens_by_itself(self):
        for name in names("*.socket"):
            wanted = ["sockets.target"] if name == "alknet-metrics.socket" else ["alknet-listend.service"]
            self.assertIn(values(name, "WantedBy"), ([], wanted), name)
        preset = (harness.root / "units" / "alknet.preset").read_text()
        for name in ("alknet-listend.service", "alknet-listend-ssh.socket", "alknet-metrics.socket"):
            self.assertIn(f"disable {name}\n", preset)


class Metrics(harness.Case):
    """Who may connect reads it, so only this machine may, and not without end."""

    def test_the_port_is_of_this_machine_alone(self):
        name = "alknet-metrics.socket"
        self.assertEqual(values(name, "ListenStream"), ["127.0.0.1:10220"])
        self.assertEqual((values(name, "IPAddressDeny"), values(name, "IPAddressAllow")), (["any"], ["localhost"]))
        self.assertEqual(values(name, "Accept"), ["yes"])
        self.assertLessEqual(int(values(name, "MaxConnections")[0]), 16)

    def test_the_service_is_nobody_else_and_ends(self):
        name = "alknet-metrics@.service"
        self.assertEqual(values(name, "User"), ["alknet-metrics"])
        self.assertIn("u      alknet-metrics ", (harness.root / "units" / "alknet.sysusers").read_text())
        self.assertEqual(values(name, "StandardInput"), ["socket"])
        self.assertEqual(values(name, "StandardOutput"), ["null"], "what is no answer must not reach the scraper")
        self.assertEqual(values(name, "RuntimeMaxSec"), ["60s"])


class Keys(harness.Case):
    def test_what_is_loaded_is_made(self):
        loaded = {path for _, path in (value.split(":") for value in values("alknet-listend.service", "LoadCredential"))}
        self.assertEqual({"|!" + path for path in loaded}, set(values("alknet-keygen.service", "ConditionPathExists")))

    def test_credentials_are_those_of_the_configuration(self):
        sample = (harness.root / "docs" / "sample" / "alknet.toml").read_text()
        loaded = {value.split(":")[0] for name in ("alknet-listend.service", *drop_ins) for value in values(name, "LoadCredential")}
        self.assertEqual(loaded, set(re.findall(r'"credential:(.+)"', sample)))


class Systemd(harness.Case):
    """The opinion of systemd-analyze."""

    def setUp(self):
        super().setUp()
        harness.require("systemd-analyze")

    def analyze(self, *arguments):
        return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def test_exposure(self):
        for name, limit in exposure.items():
            with self.subTest(name):
                done = self.analyze("security", "--offline=true", f"--threshold={limit}", "--no-pager", str(units / name))
                verdict = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
                self.assertIsNotNone(verdict, done.stderr)
                self.assertEqual(done.returncode, 0, verdict[0])

    def exposure_with(self, name, text):
        """Of a service together with a drop-in of this text: its exposure, and what was said against it."""
        place, limit = drop_ins[name]
        service = pathlib.Path(place).parent.name.removesuffix(".d")
        with tempfile.TemporaryDirectory() as directory:
            unit, added = pathlib.Path(directory) / service, pathlib.Path(directory) / place
            added.parent.mkdir()
            unit.write_text((units / service).read_text())
            added.write_text(text)
            done = self.analyze("security", "--offline=true", f"--threshold={limit}", "--no-pager", str(unit))
            return done.returncode, done.stdout + done.stderr

    def test_exposure_with_what_packages_add(self):
        for name in drop_ins:
            code, said = self.exposure_with(name, (units / name).read_text())
            self.assertEqual(code, 0, said)
            self.assertIn("✗ PrivateNetwork=", said, "the drop-in was not read")
            self.assertNotEqual(self.exposure_with(name, (units / name).read_text() + "NoNewPrivileges=no\n")[0], 0)

    def test_exposure_would_object(self):
        """The gate itself: without one directive the score is above the limit."""
        with tempfile.TemporaryDirectory() as directory:
            weak = pathlib.Path(directory) / "alknet-authd.service"
            weak.write_text((units / weak.name).read_text().replace("PrivateNetwork=yes\n", ""))
            self.assertNotEqual(self.analyze("security", "--offline=true", "--threshold=2", str(weak)).returncode, 0)

    def test_verify(self):
        with tempfile.TemporaryDirectory() as directory:
            copies = pathlib.Path(directory)
            for name in names("*.service") + names("*.socket") + names("*.target") + names("*.slice"):
                # The programs of this build, wherever the units will find theirs.
                text = re.sub(r"^(Exec\w+=[-+]*)/\S+/", rf"\g<1>{harness.binaries}/", (units / name).read_text(), flags=re.M)
                (copies / name).write_text(text)
            for name, (place, _) in drop_ins.items():
                (copies / place).parent.mkdir()
                (copies / place).write_text((units / name).read_text())
            done = self.analyze("verify", "--man=no", "--recursive-errors=no", *(str(path) for path in sorted(copies.iterdir()) if path.is_file()))
            ours = [line for line in done.stderr.splitlines() if "alknet" in line]
            self.assertEqual(ours, [])
            self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    harness.main()
