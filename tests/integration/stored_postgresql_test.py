"""The nouns of alknet-stored on a real PostgreSQL server: the tests that run on SQLite, and PostgreSQL's own."""

import os
import re

import harness
from postgresql import Server


class Storage(harness.Case):
    def test_the_units_that_know_no_engine(self):
        server = Server(self)
        environment = {**os.environ, "ALKNET_TEST_POSTGRESQL": server.url}
        for program in os.environ["ALKNET_STORED_UNITS"].split(os.pathsep):
            done = self.run_program([program, "--gtest_brief=1", "--gtest_filter=*/postgresql:Server/*"], timeout=240, check=None,
                                    env=environment)
            out = done.stdout.decode()
            self.assertEqual(done.returncode, 0, out + done.stderr.decode())
            ran = int(re.search(r"PASSED  \] (\d+) test", out)[1])
            self.assertGreater(ran, 10, out)
            print(f"# {os.path.basename(program)}: {ran} tests on PostgreSQL")


if __name__ == "__main__":
    harness.main()
