"""The completion scripts offer what --help tells of: every verb and every flag, in every shell; and bash can use them."""

import re
import subprocess

import harness

shells = ("bash", "zsh", "fish")


class Completion(harness.Case):
    def help(self, program, path):
        return self.run_program([harness.binary(program), *path, "--help"]).stdout.decode()

    def script(self, program, shell):
        return self.run_program([harness.binary(program), "completion", shell]).stdout.decode()

    def tree(self, program, path=()):
        """{path: (verbs, flags)} as --help tells them."""
        text = self.help(program, path)
        verbs, flags = [], []
        section = ""
        for line in text.splitlines():
            if re.match(r"^\S.*:$", line):
                section = line
            elif match := re.match(r"^  (\S+)", line):
                if section.startswith("Subcommands"):
                    verbs.append(match[1])
                elif match[1].startswith("-"):
                    flags += match[1].split(",")
        found = {path: (verbs, flags)}
        for verb in verbs:
            found.update(self.tree(program, (*path, verb)))
        return found

    def test_every_verb_and_flag_is_in_every_script(self):
        for program in ("alknetctl", "alknet"):
            tree = self.tree(program)
            self.assertGreater(sum(len(flags) for _, flags in tree.values()), 10)
            for shell in shells:
                script = self.script(program, shell)
                for path, (verbs, flags) in tree.items():
                    for verb in verbs:
                        self.assertRegex(script, rf"(?<![\w-]){re.escape(verb)}(?![\w-])", (shell, path))
                    for flag in flags:
                        word = flag if shell != "fish" else flag.lstrip("-")
                        self.assertRegex(script, rf"(?<![\w]){re.escape(word)}(?![\w-])", (shell, path))
                self.assertNotIn("completion\n", script)  # hidden

    def complete(self, program, *words):
        """What bash offers for the last of the words."""
        script = self.dir / "script"
        script.write_text(self.script(program, "bash"))
        line = f'source {script}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _{program}; printf "%s\\n" "${{COMPREPLY[@]}}"'
        done = subprocess.run(["bash", "-euc", line, "bash", program, *words], capture_output=True, text=True, timeout=20)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_bash_completes(self):
        harness.require("bash")
        self.assertIn("status", self.complete("alknetctl", ""))
        self.assertEqual(self.complete("alknetctl", "stat"), ["status"])
        self.assertEqual(self.complete("alknetctl", "keys", "r"), ["remove"])
        self.assertEqual(self.complete("alknetctl", "--json", "keys", "add", "--no"), ["--no-reload"])
        self.assertEqual(self.complete("alknetctl", "explain", "--transport", "t"), ["tcp", "tls"])
        self.assertEqual(self.complete("alknetctl", "--state", ""), [])  # left to file names
        self.assertIn("--state", self.complete("alknet", "serve", "--"))
        self.assertNotIn("--state", self.complete("alknet", "connect", "--"))
        self.assertNotIn("--iroh-relay", self.complete("alknet", "serve", "--"))

    def test_the_tree_is_found_by_the_paths_of_bash(self):
        """For each place of the parser bash offers exactly its verbs and flags."""
        harness.require("bash")
        for program in ("alknetctl", "alknet"):
            for path, (verbs, flags) in self.tree(program).items():
                self.assertEqual(set(self.complete(program, *path, "")), set(verbs), path)
                self.assertLessEqual(set(flags), set(self.complete(program, *path, "-")), path)

    def test_zsh_can_read_its_scripts(self):
        harness.require("zsh")
        for program in ("alknetctl", "alknet"):
            path = self.dir / f"_{program}"
            path.write_text(self.script(program, "zsh"))
            self.run_program(["zsh", "-n", path])
            # As compinit loads it: a function of the file's name, given to the program that the first line names.
            found = self.run_program(["zsh", "-fc", "fpath=($1 $fpath); autoload -Uz compinit; compinit -u -d $1/dump; print $_comps[$2]",
                                      "zsh", self.dir, program]).stdout.decode().strip()
            self.assertEqual(found, f"_{program}")

    def fish_complete(self, line):
        """What fish offers for the last word of the line."""
        for program in ("alknetctl", "alknet"):
            (self.dir / f"{program}.fish").write_text(self.script(program, "fish"))
        done = self.run_program(["fish", "--no-config", "-c", "source $argv[1]; source $argv[2]; complete --do-complete $argv[3]",
                                 self.dir / "alknetctl.fish", self.dir / "alknet.fish", line], env={"HOME": str(self.dir)})
        return [offer.split("\t")[0] for offer in done.stdout.decode().splitlines()]

    def test_fish_completes(self):
        harness.require("fish")
        self.assertIn("status", self.fish_complete("alknetctl "))
        self.assertEqual(self.fish_complete("alknetctl stat"), ["status"])
        self.assertEqual(self.fish_complete("alknetctl keys r"), ["remove"])
        self.assertIn("--no-reload", self.fish_complete("alknetctl keys add --no"))
        self.assertIn("--state", self.fish_complete("alknet serve --st"))
        self.assertNotIn("--state", self.fish_complete("alknet connect --st"))


if __name__ == "__main__":
    harness.main()
