"""The fail2ban filter over its recorded samples: every failure is taken for its sender, nothing else is taken. And what the
filter and the jails say about us is true."""

import configparser
import json
import re

import ban_filter
import harness

samples = harness.root / "fail2ban" / "samples" / "alknet"


def recorded():
    """[(expectation, line)] of the sample file."""
    found, expected = [], None
    for line in samples.read_text().splitlines():
        if line.startswith("# failJSON: "):
            expected = json.loads(line.removeprefix("# failJSON: "))
        elif line and not line.startswith("#"):
            assert expected is not None, f"nothing is said about: {line}"
            found.append((expected, line))
            expected = None
    return found


class Samples(harness.Case):
    def test_exactly_the_expected_lines_match(self):
        table = recorded()
        expected = [(number, what["host"]) for number, (what, _) in enumerate(table) if what["match"]]
        self.assertGreaterEqual(len(expected), 15)
        self.assertGreaterEqual(len(table) - len(expected), 20)
        got = ban_filter.taken(self, [line for _, line in table])
        for number in {n for n, _ in got} ^ {n for n, _ in expected}:
            print(f"# differs: {table[number][0]} {table[number][1]}")
        self.assertEqual(got, expected)

    def test_one_line_alone_is_judged_alike(self):
        """The tool guesses the form of dates from the lines it has seen: a first line must not depend on that."""
        for what, line in recorded()[:3] + recorded()[-3:]:
            self.assertEqual([host for _, host in ban_filter.taken(self, [line])], [what["host"]] if what["match"] else [])

    def test_every_event_that_carries_an_address_has_a_sample(self):
        text = samples.read_text()
        for row in (harness.root / "contracts/log-events.md").read_text().splitlines():
            cells = [cell.strip() for cell in row.strip("|").split("|")]
            if len(cells) == 7 and "remote_addr" in cells[4]:
                self.assertIn(f": {cells[1]} ", text)


class Promises(harness.Case):
    def read(self, name):
        parsed = configparser.RawConfigParser(strict=True)
        parsed.read_string((harness.root / "fail2ban" / name).read_text())
        return parsed

    def test_the_filter_reads_our_unit_and_our_event(self):
        header = (harness.root / "lib/log/event.hpp").read_text()
        event = re.search(r'auth_attempt\{"([0-9a-f]{32})", "([^"]+)"\}', header)
        definition = self.read("filter.d/alknet.conf")["Definition"]
        self.assertEqual(definition["journalmatch"], f"_SYSTEMD_SLICE=alknet.slice MESSAGE_ID={event[1]}")
        self.assertIn(f" {event[2]} remote_addr=<ADDR> ", definition["failregex"])
        self.assertTrue(definition["failregex"].startswith("^") and definition["failregex"].endswith("$"))

    def test_jails_use_the_filter_and_the_journal(self):
        jails = self.read("jail.d/alknet.conf")
        self.assertEqual(jails.sections(), ["alknet", "alknet-repeat"])
        for name in jails.sections():
            self.assertEqual((jails[name]["filter"], jails[name]["backend"]), ("alknet", "systemd"))
        self.assertEqual((jails["alknet"]["enabled"], jails["alknet-repeat"]["enabled"]), ("true", "false"))

    def test_nobody_is_banned_before_the_server_gives_up(self):
        """An agent with as many keys as one connection may try must be able to log in."""
        header = (harness.root / "lib/config/config.hpp").read_text()
        attempts = int(re.search(r"max_auth_attempts = (\d+);", header)[1])
        self.assertGreaterEqual(int(self.read("jail.d/alknet.conf")["alknet"]["maxretry"]), attempts)


if __name__ == "__main__":
    harness.main()
