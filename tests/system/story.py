"""What every story stands on: harness.Case with machines. A story boots its own, so none depends on another.

    class Reload(story.Case):
        def test_bad_file(self):
            server = self.server()             # booted, with the built packages installed
            network = self.network(server)     # another machine that reaches it
            ...

A failing story leaves the journal of each of its machines as text in ${ALKNET_JOURNALS:-build/journals} and names the file.
ALKNET_DEBS is the directory of the packages (default build-deb, where `./dev deb` leaves them).
"""

import os
import pathlib
import shutil

import box
import harness
import network
from client import Client

debs = pathlib.Path(os.environ.get("ALKNET_DEBS") or harness.root / "build-deb").resolve()
journals = pathlib.Path(os.environ.get("ALKNET_JOURNALS") or harness.root / "build" / "journals").resolve()
impossible = box.impossible()


class Case(harness.Case):
    def setUp(self):
        super().setUp()
        if impossible:
            self.skipTest(impossible)

    def machine(self, name="server"):
        """A booted box; halted, and its journal kept if the story failed, when the story ends."""
        made = box.Box(self.dir / name, name)
        self.addCleanup(self._put_away, made)
        return made.boot()

    def network(self, machine, number=1):
        return network.Network(self, machine, number)

    def target_in(self, machine, make):
        """Starts a server of targets.py, given by a function that makes it, inside a machine's network."""
        return self.target(network.inside(machine.leader, make))

    def _put_away(self, made):
        try:
            made.halt()
        finally:
            made.kill()
            try:
                if self.failed():
                    self._keep_journal(made)
            finally:
                made.remove()

    def _keep_journal(self, made):
        journals.mkdir(parents=True, exist_ok=True)
        path = journals / f"{self.id().removeprefix('__main__.')}.{made.name}.txt"
        made.save_journal(path)
        print(f"# journal of {made.name}: {path}", flush=True)

    # Packages

    # Changes the sandbox of another package's daemon; an operator has it by name alone.
    by_name = {"alknet-stored-postgresql"}

    def packages(self, *names):
        """{name: file} of those built packages that a server without wishes of its own has, or of those named."""
        found = {path.name.split("_")[0]: path for path in sorted(debs.glob("*.deb"))}
        if not found:
            self.skipTest(f"no packages in {debs}: run ./dev deb")
        found = {name: path for name, path in found.items() if not name.endswith("-dbgsym")}
        if not names:
            return {name: path for name, path in found.items() if name not in self.by_name}
        self.assertLessEqual(set(names), set(found))
        return {name: found[name] for name in names}

    def later_packages(self, suffix):
        """{file name: file} of the same packages with `suffix` behind their version."""
        place = self.dir / f"packages{suffix}"
        place.mkdir()
        for path in self.packages().values():
            version = self.run_program(["dpkg-deb", "--field", path, "Version"]).stdout.decode().strip()
            tree = place / "tree"
            self.run_program(["dpkg-deb", "--raw-extract", path, tree])
            control = tree / "DEBIAN" / "control"
            control.write_text(control.read_text().replace(version, version + suffix))
            self.run_program(["dpkg-deb", "-Znone", "--root-owner-group", "--build", tree, place / path.name])
            shutil.rmtree(tree)
        return {path.name: path for path in place.glob("*.deb")}

    def offer(self, machine, packages):
        """Copies package files into the machine; gives their paths there."""
        place = machine.shared / "debs"
        place.mkdir(exist_ok=True)
        for path in packages.values():
            shutil.copy(path, place)
        return [f"{box.shared_inside}/debs/{path.name}" for path in packages.values()]

    def install(self, machine, *names):
        """apt-get install of the built files, as an operator does who has them and nothing else."""
        return self.install_files(machine, self.packages(*names))

    def install_files(self, machine, packages):
        paths = self.offer(machine, packages)
        return machine.run(["apt-get", "-o", "Dpkg::Use-Pty=0", "--no-install-recommends", "-y", "install", *paths],
                           timeout=180)

    def server(self, name="server"):
        machine = self.machine(name)
        self.install(machine)
        return machine

    def running_server(self):
        """(server, client): the server runs, the client's key may log in."""
        harness.require("openssl", "ssh")
        server = self.server()
        server.run(["systemctl", "enable", "--now", "alknet-listend"])
        client = Client(self, server, self.network(server))
        client.trust()
        server.run(["alknetctl", "keys", "add", client.line])
        return server, client
