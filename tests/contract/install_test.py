"""What `meson install` puts where, into a scratch directory: the layout that units, packages and `alknet serve` count on.

usage: install_test.py BUILD-DIRECTORY
"""

import fnmatch
import pathlib
import re
import shutil
import subprocess
import sys

import harness

build = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else harness.root / "build"

expected = """
bin/alknet
bin/alknetctl
lib/systemd/catalog/alknet.catalog
lib/systemd/system-preset/80-alknet.preset
lib/systemd/system/alknet-authd.service
lib/systemd/system/alknet-keygen.service
lib/systemd/system/alknet-listend-ssh.socket
lib/systemd/system/alknet-listend.service
lib/systemd/system/alknet-listend.socket
lib/systemd/system/alknet-metrics.socket
lib/systemd/system/alknet-metrics@.service
lib/systemd/system/alknet-ports.target
lib/systemd/system/alknet-secretd.service
lib/systemd/system/alknet-stored.service
lib/systemd/system/alknet-stored.service.d/postgresql.conf
lib/systemd/system/alknet.slice
lib/sysusers.d/alknet.conf
lib/tmpfiles.d/alknet.conf
libexec/alknet/alknet-authd
libexec/alknet/alknet-keygen
libexec/alknet/alknet-listend
libexec/alknet/alknet-secretd
libexec/alknet/alknet-stored
libexec/alknet/alknet-stored-postgresql.so
libexec/alknet/alknet-unit-helper
share/dbus-1/interfaces/org.alknet.Auth1.xml
share/dbus-1/interfaces/org.alknet.Listen1.xml
share/dbus-1/interfaces/org.alknet.Secret1.xml
share/dbus-1/interfaces/org.alknet.Store1.xml
share/dbus-1/system-services/org.alknet.Auth1.service
share/dbus-1/system-services/org.alknet.Secret1.service
share/dbus-1/system-services/org.alknet.Store1.service
share/dbus-1/system.d/org.alknet.Auth1.conf
share/dbus-1/system.d/org.alknet.Listen1.conf
share/dbus-1/system.d/org.alknet.Secret1.conf
share/dbus-1/system.d/org.alknet.Store1.conf
share/doc/alknet/LICENSE
share/polkit-1/actions/org.alknet.Listen1.policy
share/polkit-1/actions/org.alknet.Secret1.policy
share/polkit-1/actions/org.alknet.Store1.policy
share/polkit-1/rules.d/org.alknet.Listen1.rules
share/polkit-1/rules.d/org.alknet.Secret1.rules
share/polkit-1/rules.d/org.alknet.Store1.rules
share/doc/alknet/examples/alknet.toml
""".split()


class Install(harness.Case):
    def setUp(self):
        super().setUp()
        harness.require("meson")
        subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", self.dir],
                       check=True, capture_output=True, stdin=subprocess.DEVNULL)
        self.prefix = self.dir / "usr" / "local"

    def test_layout(self):
        present = {str(path.relative_to(self.prefix)) for path in self.prefix.rglob("*") if path.is_file()}
        self.assertEqual(set(expected) - present, set())
        # Whatever is new next to these needs a line above.
        for folder in ("bin", "lib", "libexec", "share/dbus-1", "share/polkit-1"):
            here = {name for name in present if name.startswith(folder + "/")}
            self.assertEqual(here - set(expected), set())
        self.assertEqual([path for path in self.dir.rglob("*") if path.is_file() and self.prefix not in path.parents], [],
                         "outside of the prefix")

    def test_units_name_the_programs_that_are_installed(self):
        for unit in (self.prefix / "lib" / "systemd" / "system").glob("*.service"):
            for program in re.findall(r"^Exec(?:Start|Reload|StopPost)=[-+]*(\S+)", unit.read_text(), re.M):
                self.assertTrue((self.dir / program.lstrip("/")).is_file(), f"{unit.name}: {program}")

    def test_everything_belongs_to_a_package(self):
        debian = harness.root / "debian"
        claimed = [line.split()[0] for path in [*debian.glob("*.install"), debian / "not-installed"]
                   for line in path.read_text().splitlines() if line and not line.startswith("#")]
        for path in self.prefix.rglob("*"):
            name = "usr/" + str(path.relative_to(self.prefix))
            name = name.replace("usr/lib/systemd/system/", "lib/systemd/system/", 1)  # -Dunitdir= in debian/rules
            if path.is_file():
                self.assertTrue(any(fnmatch.fnmatch(name, claim) or name.startswith(claim + "/") for claim in claimed),
                                f"{name}: in no debian/*.install")

    def test_every_page_of_the_manual(self):
        if shutil.which("scdoc") is None:
            self.skipTest("scdoc is not installed")
        sources = {path.name.removesuffix(".scd") for path in (harness.root / "docs" / "man").glob("*.scd")}
        sources |= {path.stem + ".5" for path in (harness.root / "contracts").glob("*.xml")}
        pages = {path.name for path in (self.prefix / "share" / "man").rglob("*.?") if path.is_file()}
        self.assertEqual(pages, sources)
        programs = {name.rpartition("/")[2].removesuffix(".so") for name in expected if name.startswith(("bin/", "libexec/"))}
        self.assertEqual(programs - {page[:-2] for page in pages}, set())

    def test_a_page_of_an_interface_has_its_members_and_their_prose(self):
        if shutil.which("scdoc") is None:
            self.skipTest("scdoc is not installed")
        page = (self.prefix / "share" / "man" / "man5" / "org.alknet.Auth1.5").read_text()
        text = re.sub(r"\\f[BIR]|\\", "", page)
        self.assertIn("FindRevoked(as ids) → (as revoked)", text)
        self.assertIn("At most 4096 at a time", text)
        self.assertIn("sshd(8)), \"permitlisten\" as, \"no-port-forwarding\" b", text)
        self.assertIn("Changed(t generation, as revoked)", text)


class Package(harness.Case):
    def test_has_the_version_of_the_source(self):
        version = re.search(r"^  version: '(.+)',$", (harness.root / "meson.build").read_text(), re.M)[1]
        newest = (harness.root / "debian" / "changelog").read_text().split("\n")[0]
        self.assertTrue(newest.startswith(f"alknet ({version})"), newest)


if __name__ == "__main__":
    harness.main()
