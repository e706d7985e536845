"""The checks checked: each must object to what it is there for, and be silent otherwise."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "dev.d"))

import count
import directions
import needed
import sizes


def complaints(path, text):
    return directions.check_tree([(path, text)])


class Directions(unittest.TestCase):
    good = '#pragma once\n#include "base/fd.hpp"\n#include <systemd/sd-bus.h>\nnamespace alk::bus {\n}\n'

    def test_the_allowed_is_allowed(self):
        self.assertEqual(complaints("lib/bus/connection.hpp", self.good), [])
        self.assertEqual(complaints("daemons/alknet-authd/manager.cpp",
                                    '#include "bus/connection.hpp"\nnamespace alk::authd {\n}\n'), [])

    def test_each_rule_objects(self):
        cases = {
            "lib/base/x.cpp": '#include "log/log.hpp"\nnamespace alk {\n}\n',
            "lib/net/x.cpp": '#include "ssh/session.hpp"\nnamespace alk::net {\n}\n',
            "lib/net/y.cpp": "#include <libssh/libssh.h>\nnamespace alk::net {\n}\n",
            "lib/ssh/x.cpp": "#include <openssl/ssl.h>\nnamespace alk::ssh {\n}\n",
            "lib/config/x.cpp": "#include <asio/io_context.hpp>\nnamespace alk::config {\n}\n",
            "lib/config/y.cpp": '#include "loop/asio.hpp"\nnamespace alk::config {\n}\n',
            "daemons/alknet-authd/x.cpp": '#include "alknet-listend/engine.hpp"\nnamespace alk::authd {\n}\n',
            "tools/alknet/x.cpp": '#include "../../daemons/alknet-authd/keys.hpp"\nnamespace alk::alknet {\n}\n',
            "lib/bus/x.cpp": "namespace alk::net {\n}\n",
            "lib/bus/y.cpp": "int x;\n",
            "lib/bus/z.hpp": "namespace alk::bus {\n}\n",
            "lib/loop/x.cpp": "namespace alk::loop {\nauto x = asio::detached;\n}\n",
        }
        for path, text in cases.items():
            with self.subTest(path):
                self.assertEqual(len(complaints(path, text)), 1)

    def test_one_file_sees_toml(self):
        text = "#include <toml++/toml.h>\nnamespace alk::config {\n}\n"
        self.assertEqual(directions.check_tree([("lib/config/a.cpp", text)]), [])
        self.assertEqual(len(directions.check_tree([("lib/config/a.cpp", text), ("lib/config/b.cpp", text)])), 1)


class Sizes(unittest.TestCase):
    def body(self, lines):
        return "namespace alk {\n\nstatic int f(int a,\n             int b) {\n" + "  ++a;\n" * lines + "}\n\n} // namespace alk\n"

    def test_functions(self):
        self.assertEqual([length for _, _, length in sizes.functions(self.body(10))], [13])
        self.assertEqual(sizes.check_tree([("lib/x/a.cpp", self.body(57))]), [])
        self.assertEqual(len(sizes.check_tree([("lib/x/a.cpp", self.body(58))])), 1)
        self.assertEqual(list(sizes.functions("struct A {\n" + "  int a;\n" * 99 + "};\nenum class B {\n}\n")), [])

    def test_files(self):
        self.assertEqual(len(sizes.check_tree([("lib/x/a.cpp", "\n" * 501)])), 1)
        self.assertEqual(len(sizes.check_tree([("tools/x/main.cpp", "\n" * 121)])), 1)
        self.assertEqual(len(sizes.check_tree([("lib/x/meson.build", "\n" * 61)])), 1)


class Needed(unittest.TestCase):
    def test_table(self):
        self.assertEqual(needed.complaints_about("alknet-authd", {"libc.so.6", "libsystemd.so.0"}), [])
        self.assertEqual(len(needed.complaints_about("alknet-authd", {"libssl.so.3", "libssh.so.4"})), 2)
        self.assertEqual(len(needed.complaints_about("alknet-newd", set())), 1)


class Count(unittest.TestCase):
    """The closing line of ./dev test must not be kinder than the runner."""

    def outcomes(self, result, stdout=""):
        return [outcome for outcome, _ in count.cases_of({"name": "x", "result": result, "stdout": stdout})]

    def test_plain_programs_count_as_one(self):
        self.assertEqual(self.outcomes("OK"), ["passed"])
        self.assertEqual(self.outcomes("SKIP"), ["skipped"])
        for result in ("FAIL", "TIMEOUT", "ERROR", "UNEXPECTEDPASS"):
            self.assertEqual(self.outcomes(result), ["failed"])

    def test_gtest_cases_and_a_crash_behind_them(self):
        text = "[       OK ] A.b (0 ms)\n[  SKIPPED ] A.c (0 ms)\n[       OK ] P/A.d/0, where GetParam() = 1 (3 ms)\n"
        self.assertEqual(self.outcomes("OK", text), ["passed", "skipped", "passed"])
        self.assertEqual(self.outcomes("FAIL", text), ["passed", "skipped", "passed", "failed"])
        self.assertEqual(self.outcomes("FAIL", text + "[  FAILED  ] A.e (0 ms)\n").count("failed"), 1)

    def test_tap_cases(self):
        text = "ok 1 - A.a\nok 2 - A.b # SKIP no nginx\nnot ok 3 - A.c\n1..3\n"
        self.assertEqual(self.outcomes("FAIL", text), ["passed", "skipped", "failed"])
        self.assertEqual(self.outcomes("TIMEOUT", "ok 1 - A.a\n"), ["passed", "failed"])


if __name__ == "__main__":
    unittest.main()
