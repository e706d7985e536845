"""A PostgreSQL server of the test's own: a fresh cluster, a socket in its directory, no port."""

import atexit
import os
import pathlib
import pwd
import select
import shutil
import socket
import subprocess
import tempfile
import threading

import harness

# Debian keeps the server's programs out of the PATH.
places = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
password = "what-only-the-server-knows"


def program(name):
    for place in reversed(places):
        if (place / name).exists():
            return str(place / name)
    found = shutil.which(name)
    if found is None:
        raise harness.unittest.SkipTest(f"{name} of PostgreSQL is not installed")
    return found


def as_user(command):
    """The server refuses to be root."""
    if os.getuid() != 0:
        return command
    nobody = pwd.getpwnam("nobody")
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", "--", *command]


def new_place():
    place = pathlib.Path(tempfile.mkdtemp(prefix="alk-pg-"))  # the name of a socket has to be short
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(place, nobody.pw_uid, nobody.pw_gid)
    return place


_made = []


def cluster():
    """What initdb makes: once in a run, copied for each server."""
    if not _made:
        place = new_place()
        atexit.register(shutil.rmtree, place, ignore_errors=True)
        secret = place / "password"
        secret.write_text(password)
        secret.chmod(0o644)
        subprocess.run(as_user([program("initdb"), "-D", place / "data", "-A", "trust", "-U", "alknet", "--no-sync",
                                f"--pwfile={secret}", "--encoding=UTF8", "--locale=C.UTF-8"]),
                       check=True, stdout=subprocess.DEVNULL, cwd=place)
        _made.append(place / "data")
    return _made[0]


class Server:
    """Runs until the test ends; `url` is what clients connect to, as its superuser. With `ask` it wants its password."""

    def __init__(self, case, ask=False):
        postgres = program("postgres")
        made = cluster()
        self.place = new_place()
        case.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        subprocess.run(as_user(["cp", "-r", made, self.place / "data"]), check=True)
        if ask:
            rules = self.place / "data" / "pg_hba.conf"
            rules.write_text("local all all scram-sha-256\n")
        self._program = case.start("postgresql", as_user(
            [postgres, "-D", self.place / "data", "-k", self.place, "-c", "listen_addresses=", "-c", "fsync=off",
             "-c", "shared_buffers=16MB"]), cwd=self.place)
        self._program.wait_line("database system is ready to accept connections", timeout=60)
        self.url = self.url_at(self.place)

    @staticmethod
    def url_at(place):
        return f"postgresql://alknet@/postgres?host={place}"

    def psql(self, statement):
        """What it answers, without decoration."""
        return subprocess.run([program("psql"), "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement, self.url],
                              check=True, capture_output=True, text=True, timeout=30).stdout.strip()

    def dump(self):
        done = subprocess.run([program("pg_dump"), "--inserts", self.url], check=True, capture_output=True, timeout=60)
        return b"".join(line for line in done.stdout.splitlines(True) if b"restrict" not in line)  # has a new number each time


class Line:
    """Stands between a client and the server: `url` leads through it. cut() ends every connection and takes no new one,
    hush() lets nothing through any more without ending anything, mend() lets everything through again."""

    def __init__(self, case, server):
        self._server = server
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="alk-pg-"))
        self.url = server.url_at(self.place)
        self._name = ".s.PGSQL.5432"
        self._lock = threading.Lock()
        self._pairs = []
        self._open = threading.Event()
        self._open.set()
        self._ended = False
        self._listen()
        case.addCleanup(self._end)

    def _listen(self):
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.place / self._name))
        self._listener.listen(64)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(str(self._server.place / self._name))
            except OSError:
                client.close()
                continue
            with self._lock:
                self._pairs.append((client, server))
            threading.Thread(target=self._carry, args=(client, server), daemon=True).start()

    def _carry(self, client, server):
        others = {client: server, server: client}
        try:
            while True:
                for ready in select.select(others, [], [])[0]:
                    data = ready.recv(65536)
                    self._open.wait()
                    if not data:
                        return
                    others[ready].sendall(data)
        except (OSError, ValueError):
            pass
        finally:
            for end in others:
                self._shut(end)

    @staticmethod
    def _shut(end):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def cut(self):
        self._shut(self._listener)
        self._listener.close()
        (self.place / self._name).unlink()
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for client, server in pairs:
            self._shut(client)
            self._shut(server)

    def hush(self):
        self._open.clear()

    def mend(self):
        self._open.set()
        if not (self.place / self._name).exists():
            self._listen()

    def _end(self):
        self.mend()
        self.cut()
        shutil.rmtree(self.place, ignore_errors=True)
