"""debian/tests, as autopkgtest(1) would run them: each in a machine of its own with the packages installed, as root, in an empty
directory, judged by its exit code and by what it says on stderr. Whoever has autopkgtest gets the same from debian/tests/control."""

import shutil

import box
import harness
import story

tests = harness.root / "debian" / "tests"
# What this runner keeps by itself. A test that asks for something else needs a look at what that means.
understood = {"needs-root", "isolation-container", "allow-stderr"}


def paragraphs():
    """The fields of each test of debian/tests/control, with lower-case names."""
    for text in (tests / "control").read_text().split("\n\n"):
        lines = [line for line in text.replace("\n ", " ").splitlines() if line.strip() and not line.startswith("#")]
        if lines:
            yield {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}


class Autopkgtest(story.Case):
    def test_every_test_of_debian_tests(self):
        ran = []
        for fields in paragraphs():
            self.assertLessEqual(set(fields), {"tests", "depends", "restrictions"})
            restrictions = set(fields.get("restrictions", "").replace(",", " ").split())
            self.assertLessEqual(restrictions, understood)
            for name in fields["tests"].replace(",", " ").split():
                self.run_one(name, [part.strip() for part in fields.get("depends", "@").split(",")], restrictions)
                ran.append(name)
        self.assertEqual(sorted(ran), sorted(path.name for path in tests.iterdir() if path.name != "control"))

    def run_one(self, name, depends, restrictions):
        machine = self.machine(name)
        self.assertIn("@", depends)
        self.install(machine)
        for package in depends:
            if package != "@":
                state = machine.look(["dpkg-query", "-W", "-f", "${db:Status-Status}", package])
                self.assertEqual(state, "installed", f"{package} is in no base image: tests/system/base.py")
        shutil.copytree(tests, machine.shared / "tests")
        done = machine.run(f"export AUTOPKGTEST_TMP=$(mktemp -d); cd $AUTOPKGTEST_TMP\n"
                           f"rc=0; {box.shared_inside}/tests/{name} 2>{box.shared_inside}/{name}.stderr || rc=$?\n"
                           f"cat {box.shared_inside}/{name}.stderr; exit $rc", timeout=200)
        print("".join(f"# {line}\n" for line in done.stdout.splitlines() if line.startswith("==")), end="", flush=True)
        if "allow-stderr" not in restrictions:
            self.assertEqual((machine.shared / f"{name}.stderr").read_text(), "")


if __name__ == "__main__":
    harness.main()
