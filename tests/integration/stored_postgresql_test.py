"""alknet-stored on a real PostgreSQL server: the tests that run on SQLite, and what is PostgreSQL's own."""

import os
import re
import shutil

import harness
import postgresql
import stored_test


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

    def starts_line(self):
        done = self.run_program(["busctl", "--address", self.address, "get-property", "org.alknet.Store1", "/org/alknet/Store1",
                                 "org.alknet.Store1", "Engine"])
        return done.stdout.decode()


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
        """The daemon alone, as its package has it."""
        alone = self.dir / "alknet-stored"
        shutil.copy(harness.binary("alknet-stored"), alone)
        stored = self.start("alone", [alone, "--bus-address", self.address, "--config", self.config],
                            env={"STATE_DIRECTORY": str(self.state)})
        stored.wait_line("storage.url names a PostgreSQL server.*install the package alknet-stored-postgresql")
        self.assertEqual(stored.wait(), 1)


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


if __name__ == "__main__":
    harness.main()
