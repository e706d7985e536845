"""alknet-stored on a real PostgreSQL server: the tests that run on SQLite, and what is PostgreSQL's own."""

import hashlib
import json
import os
import re
import shutil
import signal
import threading
import time

import harness
import postgresql
import stored_input_test
import stored_test
import stored_upkeep_test


class Units(harness.Case):
    def test_the_units_that_know_no_engine(self):
        server = postgresql.Server(self)
        environment = {**os.environ, "ALKNET_TEST_POSTGRESQL": server.url}
        for program in os.environ["ALKNET_STORED_UNITS"].split(os.pathsep):
            done = self.run_program([program, "--gtest_brief=1", "--gtest_filter=*/postgresql:Server/*"], timeout=240, check=None,
                                    env=environment)
            out = done.stdout.decode()
            self.assertEqual(done.returncode, 0, out + done.stderr.decode())
            ran = int(re.search(r"PASSED  \] (\d+) test", out)[1])
            self.assertGreater(ran, 10, out)
            print(f"# {os.path.basename(program)}: {ran} tests on PostgreSQL")


class OnServer(stored_test.Stored):
    """A server, and a configuration that names it."""

    ask = False

    def setUp(self):
        super().setUp()
        self.server = postgresql.Server(self, ask=self.ask)
        self.configure(self.server.url)

    def configure(self, url, more=""):
        self.config.write_text(f'[storage]\nurl = "{url}"\n{more}')

    def kept(self):
        self.assertEqual(list(self.state.iterdir()), [], "beside the server")
        return self.server.dump()


class Administration(stored_test.Administration, OnServer):
    """What alknetctl does is the same on both."""

    def test_the_audit_log(self):
        super().test_the_audit_log()
        self.assertIn("PostgreSQL", self.starts_line())

    def test_whole_files_are_the_servers(self):
        for arguments in (("backup", self.dir / "copy"), ("check",)):
            self.assertIn("the server's own tools", self.ctl("store", *arguments, check=1))
        self.assertEqual(list(self.dir.glob("copy*")), [])

    def starts_line(self):
        done = self.run_program(["busctl", "--address", self.address, "get-property", "org.alknet.Store1", "/org/alknet/Store1",
                                 "org.alknet.Store1", "Engine"])
        return done.stdout.decode()


class Graphs(stored_test.Graphs, OnServer):
    pass


class Access(stored_test.Access, OnServer):
    pass


class Input(stored_input_test.Input, OnServer):
    def data(self):
        tables = "SELECT format('SELECT t::text FROM alknet.%I t ORDER BY 1', tablename) AS one FROM pg_tables WHERE schemaname = 'alknet'"
        return self.server.psql(f"SELECT md5(string_agg(query_to_xml(one, true, false, '')::text, '' ORDER BY one)) FROM ({tables}) t")

    def tenants(self):
        return set(self.server.psql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'alknet-%'").split())


class Restarts(OnServer):
    def test_what_was_written_is_there_after_a_restart(self):
        stored = self.start_stored()
        self.ctl("account", "add", "ada@example.org")
        self.assertEqual(stored.stop(), 0)
        self.start_stored()
        self.assertIn("ada@example.org", self.ctl("account", "list"))

    def test_a_tampered_log_is_found(self):
        self.start_stored()
        for email in ("a@example.org", "b@example.org", "c@example.org"):
            self.ctl("account", "add", email)
        self.server.psql("UPDATE alknet.audit_logs SET actor = 'uid:12345' WHERE sequence = 2")
        self.assertIn("from row 2 on", self.ctl("audit", "verify", check=1))

    def test_a_newer_database_is_refused_and_left_alone(self):
        self.assertEqual(self.start_stored().stop(), 0)
        self.server.psql("UPDATE alknet.alknet_schema SET version = 99")
        before = self.server.dump()
        stored = self.start_stored(ready=False)
        stored.wait_line("a newer release wrote it")
        self.assertEqual(stored.wait(), 1)
        self.assertEqual(self.server.dump(), before)

    def test_without_the_package(self):
        """The daemon alone, as its package has it: what is missing is told before the password, which came with the other one."""
        self.configure(self.server.url, 'password = "credential:storage_password"\n')
        alone = self.dir / "alknet-stored"
        shutil.copy(harness.binary("alknet-stored"), alone)
        stored = self.start("alone", [alone, "--bus-address", self.address, "--config", self.config],
                            env={"STATE_DIRECTORY": str(self.state)})
        stored.wait_line("storage.url names a PostgreSQL server.*install the package alknet-stored-postgresql")
        self.assertEqual(stored.wait(), 1)


class Dumps(OnServer):
    def dump(self):
        return self.run_program([harness.binary("alknetctl"), "--bus-address", self.address, "store", "dump"], check=0).stdout

    def restored(self, lines):
        """What a fresh storage says of itself that was filled with these."""
        stored = self.start_stored()
        (self.dir / "dump").write_bytes(lines)
        self.ctl("store", "restore", self.dir / "dump")
        self.assertIn("intact", self.ctl("audit", "verify"))
        self.assertEqual([n["key"] for n in self.asked("graph", "nodes", "g", "--org", "acme")["nodes"]], ["a"])
        again = self.dump()
        self.ctl("account", "add", "bob@example.org")
        self.assertEqual(stored.stop(), 0)
        return again

    def dump_of_files(self):
        """A filled storage in SQLite; the server is configured from then on."""
        self.config.unlink()
        stored = self.start_stored()
        stored_upkeep_test.Upkeep.fill(self)
        lines = self.dump()
        self.assertEqual(stored.stop(), 0)
        self.configure(self.server.url)
        return lines

    def test_from_sqlite_to_the_server_and_back(self):
        lines = self.dump_of_files()
        there = self.restored(lines)
        self.config.unlink()
        self.state = self.dir / "back"
        self.state.mkdir()
        back = self.restored(there)
        self.assertEqual([stored_upkeep_test.content(text) for text in (there, back)], [stored_upkeep_test.content(lines)] * 2)

    def test_a_kill_in_the_middle_leaves_nothing(self):
        lines = self.dump_of_files()
        schemas = "SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace WHERE starts_with(nspname, 'alknet')"
        self.server.psql('CREATE SCHEMA "alknet-partial-somebody"')
        system = lines.index(b'{"database":"system"}\n')
        for cut in (system // 2, system, len(lines) - 5):
            stored = self.start_stored()
            self.assertEqual(self.server.psql(schemas), "alknet alknet-partial-somebody")
            stored_upkeep_test.Dump.hold_a_restore(self, lines[:cut])
            harness.wait_until(lambda: f"alknet-partial-{self.tenant}" in self.server.psql(schemas), what="the schema of the organisation")
            os.kill(stored.pid, signal.SIGKILL)
            stored.wait()
        self.restored(lines)
        self.assertEqual(self.server.psql(schemas), f"alknet alknet-partial-somebody alknet-tenant-{self.tenant}")


class Password(OnServer):
    ask = True

    def with_password(self, text, ready):
        (self.dir / "storage_password").write_text(text)
        self.configure(self.server.url, 'password = "credential:storage_password"\n')
        os.environ["CREDENTIALS_DIRECTORY"] = str(self.dir)
        self.addCleanup(os.environ.pop, "CREDENTIALS_DIRECTORY", None)
        return self.start_stored(ready)

    def test_of_a_credential(self):
        self.with_password(postgresql.password + "\n", ready=True)
        self.ctl("account", "add", "ada@example.org")

    def test_a_wrong_one_is_named_nowhere(self):
        stored = self.with_password("not-this-one", ready=False)
        stored.wait_line("password authentication failed")
        self.assertEqual(stored.wait(), 1)
        self.assertNotIn("not-this-one", stored.text())

    def test_none_is_taken_from_the_configuration(self):
        self.configure(self.server.url.replace("alknet@", f"alknet:{postgresql.password}@"))
        stored = self.start_stored(ready=False)
        stored.wait_line(r"alknet\.toml:2: storage\.url: must not hold a password")
        self.assertEqual(stored.wait(), 1)
        self.assertNotIn(postgresql.password, stored.text())


class TwoHeads(OnServer):
    """Two daemons, each on a bus of its own, share a server; the second one's connections go over a line that can be cut."""

    def setUp(self):
        super().setUp()
        harness.require("busctl", "dbus-monitor")
        self.first = self.start_stored()
        self.line = postgresql.Line(self, self.server)
        self.configure(self.line.url)
        self.other_address = self.start_bus(name="other-bus")
        self.other = self.start("other", [harness.binary("alknet-stored"), "--bus-address", self.other_address, "--config",
                                          self.config], env={"STATE_DIRECTORY": str(self.state)})
        self.other.wait_line("server running")
        self.signals = self.start("signals", ["dbus-monitor", "--address", self.other_address,
                                              "type='signal',interface='org.alknet.Store1',member='Changed'"])
        self.signals.wait_line("member=NameAcquired")
        self.ctl("account", "add", "ada@example.org")
        made = self.asked("apikey", "create", "ada@example.org")
        self.key, self.prefix = made["key"], made["prefix"]
        self.hash = hashlib.sha256(self.key.encode()).hexdigest()

    def other_says(self, *call, service="Store1", patience=20):
        """The data of its answer; nothing when it was an error, or none within `patience` seconds."""
        name = f"org.alknet.{service}"
        done = self.run_program(["busctl", "--address", self.other_address, f"--timeout={patience}", "--json=short", "call", name,
                                 f"/org/alknet/{service}", name, *call], check=None)
        return json.loads(done.stdout)["data"] if done.returncode == 0 else None

    def verdict(self, patience=20):
        answer = self.other_says("Authenticate", "ss", "api-key", self.hash, patience=patience)
        return answer and (answer[0], answer[1])

    def revision(self):
        return int(self.server.psql("SELECT value FROM alknet.counters WHERE name = 'revision'"))

    def revoke(self):
        """Gives the time of it."""
        self.ctl("apikey", "revoke", self.prefix)
        return time.monotonic()

    def heard(self, revision):
        self.signals.wait_line(rf"uint64 {revision}$")

    def test_what_is_revoked_on_one_is_refused_by_the_other_at_once(self):
        self.assertEqual(self.verdict(), (True, ""))
        self.assertEqual(self.other_says("GetRevision"), [self.revision()])
        revoked = self.revoke()
        self.assertEqual(self.verdict(), (False, "revoked"), "the first answer after it")
        self.heard(self.revision())
        print(f"# told after {1000 * (time.monotonic() - revoked):.0f} ms", flush=True)
        self.assertEqual(self.other_says("GetRevision"), [self.revision()])

    def test_across_a_cut(self):
        self.assertEqual(self.verdict(), (True, ""))
        self.line.cut()
        self.other.wait_line("WARN storage server lost")
        self.assertIsNone(self.verdict(), "nothing is known, so nothing is accepted")
        self.assertIsNone(self.other_says("GetRevision"))
        self.revoke()
        self.assertIsNone(self.verdict())
        self.line.mend()
        self.assertEqual(self.verdict(), (False, "revoked"))
        self.other.wait_line("INFO storage server back")
        self.heard(self.revision())

    def test_events_of_one_reach_who_listens_to_the_other_also_across_a_cut(self):
        watch = self.start("watch", [harness.binary("alknetctl"), "--bus-address", self.other_address, "--json", "events", "watch",
                                     "accounts", "--from", "0"])

        def all_seen():
            kept = self.server.psql("SELECT position FROM alknet.stream_events WHERE topic LIKE 'accounts:%' ORDER BY position").split()
            return re.findall(r'"seq":(\d+)', watch.text()) == kept
        for number in range(5):
            self.ctl("account", "add", f"n{number}@example.org")
        harness.wait_until(all_seen, what="the events")
        self.line.cut()
        self.ctl("account", "add", "meanwhile@example.org")
        self.line.mend()
        harness.wait_until(all_seen, what="what was written meanwhile")

    def test_across_a_silence(self):
        """No word that anything ended, as behind a firewall that forgot the connection."""
        self.assertEqual(self.verdict(), (True, ""))
        self.line.hush()
        self.other.wait_line("WARN changes of other servers are not heard.*silence")
        self.revoke()
        self.assertIsNone(self.verdict(patience=1))
        self.line.mend()
        harness.wait_until(lambda: self.verdict() == (False, "revoked"), what="a refusal")
        self.heard(self.revision())

    def test_the_server_ends_every_connection(self):
        self.assertEqual(self.verdict(), (True, ""))
        self.revoke()
        self.server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'alknet-stored'")
        self.assertEqual(self.verdict(), (False, "revoked"))
        self.ctl("account", "suspend", "ada@example.org")
        self.heard(self.revision())

    def start_authd(self):
        config = self.dir / "authd.toml"
        config.write_text('[auth]\nproviders = ["configured", "accounts"]\n')
        authd = self.start("authd", [harness.binary("alknet-authd"), "--bus-address", self.other_address, "--config", config])
        authd.wait_line("server running")

    def token_verdict(self):
        """What the other server's alknet-authd says to the API key."""
        token = [str(byte) for byte in self.key.encode()]
        answer = self.other_says("VerifyToken", "aya{sv}", str(len(token)), *token, "1", "address", "s", "127.0.0.1", service="Auth1")
        return answer and ("accepted" if answer[0] else answer[1])

    def refused_as(self, reason, since):
        harness.wait_until(lambda: self.token_verdict() == reason, what=reason)
        took = time.monotonic() - since
        print(f"# {self.id()}: {reason} after {1000 * took:.0f} ms", flush=True)
        self.assertLess(took, 3)  # a second, and two for a machine that is busy

    def test_a_revoked_key_is_no_login_of_the_other_server_within_a_second(self):
        self.start_authd()
        harness.wait_until(lambda: self.token_verdict() == "accepted", what="a verdict")
        self.refused_as("revoked", since=self.revoke())

    def test_nor_across_a_cut(self):
        self.start_authd()
        harness.wait_until(lambda: self.token_verdict() == "accepted", what="a verdict")
        self.line.cut()
        self.refused_as("accounts-unavailable", since=self.revoke())
        self.line.mend()
        harness.wait_until(lambda: self.token_verdict() == "revoked", what="a verdict")

    def test_both_write_at_once(self):
        """Neither is refused, and what they leave belongs together."""
        errors = []

        def write(address, name):
            for number in range(10):
                done = self.run_program([harness.binary("alknetctl"), "--bus-address", address, "account", "add",
                                         f"{name}{number}@example.org"], check=None)
                if done.returncode != 0:
                    errors.append(done.stderr.decode())

        writers = [threading.Thread(target=write, args=of) for of in ((self.address, "a"), (self.other_address, "b"))]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        self.assertEqual(errors, [])
        self.assertIn("intact", self.ctl("audit", "verify"))
        count, last = self.server.psql("SELECT count(*), max(position) FROM alknet.stream_events").split("|")
        self.assertEqual(count, last, "positions without gaps")
        self.assertEqual(int(self.server.psql("SELECT count(*) FROM alknet.accounts")), 21)


if __name__ == "__main__":
    harness.main()
