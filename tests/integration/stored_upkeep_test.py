"""The storage as a whole, beside those who use it: backups, checks, dumps and what they are good for."""

import contextlib
import fcntl
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import termios

import harness
import stored_test


def content(lines):
    """Without when and by whom it was made, what tells of copies in the audit log, and numbers of its rows."""
    others = (b'{"alknet_dump":', b'{"table":"counters","row":{"name":"audit"', b'{"end":')
    return [line for line in lines.splitlines() if not line.startswith(others) and b'"action":"storage.' not in line]


class Upkeep(stored_test.Stored):
    def setUp(self):
        super().setUp()
        try:
            import dbus.bus
        except ImportError:
            self.skipTest("python3-dbus is not installed")
        self.dbus = dbus
        self.stored = self.start_stored()

    def fill(self):
        """An account, an organisation, and a graph of its own."""
        self.ctl("account", "add", "ada@example.org")
        self.tenant = self.asked("org", "add", "acme", "--owner", "ada@example.org")["id"]
        kind = self.dir / "type.json"
        kind.write_text('{"name": "t", "config": {"graph_type": "directed"}, "node_types": [{"name": "n"}]}')
        self.ctl("graph", "put-type", kind, "--org", "acme")
        self.ctl("graph", "create", "t", "g", "--org", "acme")
        self.ctl("graph", "put-node", "g", "a", "n", "--org", "acme")

    @contextlib.contextmanager
    def one_under_way(self, member="Backup"):
        """A backup whose caller does not read."""
        bus = self.dbus.bus.BusConnection(self.address)
        store = self.dbus.Interface(bus.get_object("org.alknet.Store1", "/org/alknet/Store1", introspect=False), "org.alknet.Store1")
        reading, writing = os.pipe()
        try:
            store.get_dbus_method(member)(self.dbus.types.UnixFd(writing))
            os.close(writing)
            yield
        finally:
            os.close(reading)
            bus.close()


class Backup(Upkeep):
    def backup(self, path, check=0):
        return self.ctl("store", "backup", path, check=check)

    def test_a_backup_beside_a_load_is_a_storage(self):
        self.fill()
        writers = [self.start(f"w{number}", [sys.executable, "-c", stored_test.load, self.address, f"w{number}"]) for number in range(3)]

        def acknowledged():
            return {email for writer in writers for email in re.findall(r"^\S+@example\.org$", writer.text(), re.M)}
        harness.wait_until(lambda: len(acknowledged()) > 50, what="a load")
        before = acknowledged()
        copy = self.dir / "copy"
        self.assertIn("checked copies: 2 databases", self.backup(copy))
        after = len(acknowledged())
        harness.wait_until(lambda: len(acknowledged()) > after, what="more, as if nothing had been")
        for writer in writers:
            os.kill(writer.pid, signal.SIGKILL)
            writer.wait()
        self.assertEqual({path.name for path in copy.iterdir()}, {"system.db", f"tenant-{self.tenant}.db"})
        self.assertEqual({stat.S_IMODE(path.stat().st_mode) for path in copy.iterdir()}, {0o600})
        self.assertEqual(stat.S_IMODE(copy.stat().st_mode), 0o700)
        self.assertEqual([p.name for p in self.state.iterdir() if "copy" in p.name], [])
        for path in copy.iterdir():
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
                self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
                if path.name == "system.db":
                    emails = {email for email, in database.execute("SELECT email FROM accounts")}
                    self.assertEqual(before - emails, set())
        self.assertEqual(self.stored.stop(), 0)
        self.state = copy
        self.start_stored()
        self.assertEqual(len(self.asked("account", "list")["accounts"]), len(emails))
        self.assertEqual([n["key"] for n in self.asked("graph", "nodes", "g", "--org", "acme")["nodes"]], ["a"])
        self.assertIn("intact: 2 databases", self.ctl("store", "check"))

    def test_the_audit_log_says_who_took_one(self):
        self.backup(self.dir / "unused")
        self.assertEqual(self.asked("audit", "list")["rows"], [], "of what nobody has used, and may still be restored into")
        self.fill()
        self.backup(self.dir / "copy")
        row = self.asked("audit", "list", "--limit", "1")["rows"][0]
        self.assertEqual((row["action"], row["actor"], row["details"]), ("storage.backed_up", f"uid:{os.getuid()}", "{}"))
        with contextlib.closing(sqlite3.connect(f"file:{self.dir}/copy/system.db?mode=ro&immutable=1", uri=True)) as database:
            self.assertEqual(database.execute("SELECT action FROM audit_logs ORDER BY sequence DESC LIMIT 1").fetchall(), [(row["action"],)])
        self.assertIn("intact", self.ctl("audit", "verify"))

    def test_nothing_is_overwritten(self):
        (self.dir / "there").mkdir()
        self.assertIn("overwrites nothing", self.backup(self.dir / "there", check=1))
        self.assertIn("exists", self.backup(self.config.parent, check=1))
        self.backup(self.dir / "nowhere" / "copy", check=1)
        self.backup(self.dir / "copy")
        self.assertIn("overwrites nothing", self.backup(self.dir / "copy", check=1))

    def test_one_at_a_time(self):
        with self.one_under_way():
            self.assertIn("another check, backup", self.backup(self.dir / "copy", check=1))
            self.assertIn("another check, backup", self.ctl("store", "check", check=1))
            self.assertEqual(sorted(p.name for p in self.dir.glob("copy*")), [])
            self.ctl("account", "add", "ada@example.org")  # nobody else is kept waiting

        def free():
            done = self.run_program([harness.binary("alknetctl"), "--bus-address", self.address, "store", "check"], check=None)
            return done.returncode == 0
        harness.wait_until(free, what="the end of what nobody reads")
        self.assertIn('"files": 1', self.ctl("store", "backup", self.dir / "copy", "--json"))

    def test_a_stop_in_the_middle(self):
        with self.one_under_way():
            self.assertEqual(self.stored.stop(), 0)
        self.assertNotIn("copy", "".join(path.name for path in self.state.iterdir()))

    def test_what_a_kill_leaves_is_gone_after_the_next_start(self):
        with self.one_under_way():
            os.kill(self.stored.pid, signal.SIGKILL)
            self.stored.wait()
        (self.state / "copy-under-way.db").write_bytes(b"half")
        self.start_stored()
        self.assertFalse((self.state / "copy-under-way.db").exists())


class Check(Upkeep):
    def check(self, damage):
        """What is said after `damage` was done to the files, and by which exit code."""
        self.assertEqual(self.stored.stop(), 0)
        damage()
        self.stored = self.start_stored()
        return self.ctl("store", "check", check=1)

    def test_everything_is_well(self):
        self.fill()
        self.assertRegex(self.ctl("store", "check"), r"^intact: 2 databases, an audit log of \d+ rows$")
        told = self.asked("store", "check")
        self.assertEqual((told["intact"], told["databases"], told["problems"]), (True, 2, []))
        self.assertEqual(told["audit_head"], self.asked("audit", "verify")["head"])

    def test_a_damaged_file_is_named(self):
        self.fill()
        path = self.state / f"tenant-{self.tenant}.db"

        def damage():
            content = bytearray(path.read_bytes())
            for page in range(len(content) // 4096 // 2, len(content) // 4096):
                content[4096 * page:4096 * page + 16] = b"\x7f" * 16
            path.write_bytes(content)
        self.assertIn(f"tenant-{self.tenant}", self.check(damage))
        told = self.run_program([harness.binary("alknetctl"), "--bus-address", self.address, "store", "check", "--json"], check=1)
        self.assertIn(b'"intact": false', told.stdout)
        self.assertIn("damaged", self.ctl("store", "backup", self.dir / "copy", check=1))
        self.assertEqual(list(self.dir.glob("copy*")), [])

    def test_a_changed_audit_log_is_named(self):
        self.fill()

        def damage():
            tables = self.tables()
            tables.execute("UPDATE audit_logs SET actor = 'uid:12345' WHERE sequence = 2")
            tables.commit()
            tables.close()
        self.assertIn("audit log: from row 2 on", self.check(damage))


class Dump(Upkeep):
    def setUp(self):
        super().setUp()
        self.fill()
        self.ctl("apikey", "create", "ada@example.org", "--name", "deploy \N{KEY} \"x\"")
        self.lines = self.dump()

    def dump(self):
        return self.run_program([harness.binary("alknetctl"), "--bus-address", self.address, "store", "dump"], check=0).stdout

    def fresh(self):
        """Another storage, which nobody has used."""
        self.assertEqual(self.stored.stop(), 0)
        self.state = self.dir / f"fresh{self.starts}"
        self.state.mkdir()
        self.stored = self.start_stored()

    def restore(self, lines, check=0):
        (self.dir / "lines").write_bytes(lines)
        with (self.dir / "lines").open("rb") as file:
            done = self.run_program([harness.binary("alknetctl"), "--bus-address", self.address, "store", "restore", "-"],
                                    check=check, stdin=file)
        return (done.stdout if check == 0 else done.stderr).decode()

    def actions(self):
        """What the audit log tells of whole copies, the first one first, and whether its chain is right."""
        self.assertIn("intact", self.ctl("audit", "verify"))
        rows = reversed(self.asked("audit", "list")["rows"])
        return [(row["action"], row["actor"]) for row in rows if row["action"].startswith("storage.")]

    def test_a_restored_storage_is_the_same(self):
        self.fresh()
        file = self.dir / "dump"
        file.write_bytes(self.lines)
        self.assertRegex(self.ctl("store", "restore", file), r"^restored: \d+ rows, an audit log of \d+ rows$")
        self.assertEqual(content(self.dump()), content(self.lines))
        me = f"uid:{os.getuid()}"
        self.assertEqual(self.actions(), [("storage.dumped", me), ("storage.restored", me), ("storage.dumped", me)])
        self.assertEqual(self.asked("account", "list")["accounts"][0]["email"], "ada@example.org")
        self.assertEqual([n["key"] for n in self.asked("graph", "nodes", "g", "--org", "acme")["nodes"]], ["a"])
        self.assertIn("intact", self.ctl("audit", "verify"))
        self.assertIn("intact: 2 databases", self.ctl("store", "check"))
        self.ctl("account", "add", "bob@example.org")  # numbers go on where they were
        self.ctl("graph", "put-node", "g", "b", "n", "--org", "acme")
        self.assertIn("not empty", self.ctl("store", "restore", file, check=1))
        self.assertEqual(len(self.actions()), 3, "nothing was restored")
        self.ctl("store", "restore", self.dir / "none", check=1)

    def test_a_dump_that_is_not_right_leaves_nothing(self):
        self.fresh()
        lines = self.lines.splitlines(keepends=True)
        for damaged, words in ((b"", "it was cut"), (self.lines[:-1], "not complete"), (b"".join(lines[:-1]), "it was cut"),
                               (b"".join(lines[:9]), "it was cut"), (b"{}\n" + self.lines, "line 1: "), (self.lines + b"x\n", "follows"),
                               (self.lines.replace(b'"uid:0"', b'"uid:7"'), "the audit log is not intact"),
                               (b"".join(lines[:5]) + b"\xff\x00\n" + b"".join(lines[5:]), "line 6: "),
                               (lines[0] + b"x" * (17 << 20), "line 2: is too long"), (os.urandom(4096), "line 1: "),
                               (self.lines.replace(b'"email":"ada', b'"e\\u0000mail":"ada'), "/row/email: is missing")):
            self.assertIn(words, self.restore(damaged, check=1))
            self.assertEqual(self.asked("account", "list")["accounts"], [])
            self.assertEqual({path.name for path in self.state.iterdir() if "-" in path.name and path.suffix == ".db"}, set())
        self.restore(self.lines)

    def test_whoever_goes_in_the_middle_leaves_nothing(self):
        self.fresh()
        reading, writing = os.pipe()
        client = subprocess.Popen([harness.binary("alknetctl"), "--bus-address", self.address, "store", "restore", "-"], stdin=reading,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(client.kill)
        os.close(reading)
        os.write(writing, self.lines[:-20])
        left = bytearray(4)
        harness.wait_until(lambda: not fcntl.ioctl(writing, termios.FIONREAD, left) and not any(left), what="the work")
        client.kill()
        client.wait()
        os.close(writing)

        def free():
            done = self.run_program([harness.binary("alknetctl"), "--bus-address", self.address, "store", "check"], check=None)
            return done.returncode == 0
        harness.wait_until(free, what="its end")
        self.assertEqual(self.asked("account", "list")["accounts"], [])
        self.restore(self.lines)

    def hold_a_restore(self, lines):
        """One whose dump goes no further than this; everything of it was taken."""
        reading, writing = os.pipe()
        client = subprocess.Popen([harness.binary("alknetctl"), "--bus-address", self.address, "store", "restore", "-"], stdin=reading,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        os.close(reading)
        self.addCleanup(os.close, writing)
        os.write(writing, lines)

    def test_a_kill_in_the_middle_leaves_nothing(self):
        self.fresh()
        header, section = self.lines.splitlines(keepends=True)[:2]
        system = self.lines.index(b'{"database":"system"}\n')
        # After the tenant's beginning, within its rows, between the databases, within the system's rows, before the end.
        for cut in (len(header + section), system // 2, system, system + (len(self.lines) - system) // 2, len(self.lines) - 5):
            self.hold_a_restore(self.lines[:cut])
            harness.wait_until(lambda: (self.state / f"partial-{self.tenant}.db").exists(), what="the database of the organisation")
            os.kill(self.stored.pid, signal.SIGKILL)
            self.stored.wait()
            self.stored = self.start_stored()
            self.assertEqual([path.name for path in self.state.iterdir() if not path.name.startswith("system.db")], [])
            self.assertEqual(self.asked("account", "list")["accounts"], [])
        self.restore(self.lines)
        self.assertEqual([n["key"] for n in self.asked("graph", "nodes", "g", "--org", "acme")["nodes"]], ["a"])
        self.assertIn("intact: 2 databases", self.ctl("store", "check"))

    def test_a_kill_after_the_commit_loses_nothing(self):
        self.fresh()
        self.restore(self.lines)
        self.assertEqual(self.stored.stop(), 0)
        # As if the organisation's database had not got its name yet.
        (self.state / f"tenant-{self.tenant}.db").rename(self.state / f"partial-{self.tenant}.db")
        self.stored = self.start_stored()
        self.assertEqual([n["key"] for n in self.asked("graph", "nodes", "g", "--org", "acme")["nodes"]], ["a"])
        self.assertEqual([path.name for path in self.state.iterdir() if "partial" in path.name], [])

    def test_an_open_dump_is_told_of(self):
        file = self.dir / "dump"
        for mode, warned in ((0o644, True), (0o600, False)):
            file.touch()
            file.chmod(mode)
            with file.open("wb") as out:
                done = subprocess.run([harness.binary("alknetctl"), "--bus-address", self.address, "store", "dump"], check=True,
                                      timeout=60, stdout=out, stderr=subprocess.PIPE)
            self.assertEqual(b"others may read" in done.stderr, warned)
            self.assertEqual(content(file.read_bytes()), content(self.lines))


if __name__ == "__main__":
    harness.main()
