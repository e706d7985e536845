"""The nouns of alknet-stored on a real PostgreSQL server: the tests that run on SQLite, and PostgreSQL's own."""

import os
import re

import harness
from postgresql import Server


class Storage(harness.Case):
    def run_on_server(self, program, least):
        server = Server(self)
        done = self.run_program([os.environ[program], "--gtest_brief=1", "--gtest_filter=*/postgresql:Server/*"],
                                timeout=240, check=None, env={**os.environ, "ALKNET_TEST_POSTGRESQL": server.url})
        out = done.stdout.decode()
        self.assertEqual(done.returncode, 0, out + done.stderr.decode())
        ran = int(re.search(r"PASSED  \] (\d+) tests", out)[1])
        self.assertGreater(ran, least, out)
        print(f"# {ran} tests on PostgreSQL")

    def test_identities_and_what_is_postgresqls_own(self):
        self.run_on_server("ALKNET_UNIT_STORED", 50)

    def test_graphs(self):
        self.run_on_server("ALKNET_UNIT_STORED_GRAPH", 10)


if __name__ == "__main__":
    harness.main()
