"""A PostgreSQL server of the test's own: a fresh cluster, a socket in its directory, no port."""

import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

import harness

# Debian keeps the server's programs out of the PATH.
places = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))


def program(name):
    for place in reversed(places):
        if (place / name).exists():
            return str(place / name)
    found = shutil.which(name)
    if found is None:
        raise harness.unittest.SkipTest(f"{name} of PostgreSQL is not installed")
    return found


class Server:
    """Runs until the test ends; `url` is what clients connect to, as its superuser. The server refuses to be root."""

    def __init__(self, case):
        self._initdb, self._postgres = program("initdb"), program("postgres")
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="alk-pg-"))  # the name of a socket has to be short
        case.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        self._user = None
        if os.getuid() == 0:
            self._user = pwd.getpwnam("nobody")
            os.chown(self.place, self._user.pw_uid, self._user.pw_gid)
        subprocess.run(self._as_user([self._initdb, "-D", self.place / "data", "-A", "trust", "-U", "alknet", "--no-sync",
                                      "--encoding=UTF8", "--locale=C.UTF-8"]),
                       check=True, stdout=subprocess.DEVNULL, cwd=self.place)
        self._program = case.start("postgresql", self._as_user(
            [self._postgres, "-D", self.place / "data", "-k", self.place, "-c", "listen_addresses=", "-c", "fsync=off"]),
            cwd=self.place)
        self._program.wait_line("database system is ready to accept connections", timeout=60)
        self.url = f"postgresql:///postgres?host={self.place}&user=alknet"

    def _as_user(self, command):
        if self._user is None:
            return command
        return ["setpriv", f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups", "--", *command]
