"""fail2ban-regex over lines: which of them our filter takes, and for whom. Only the tool is run, never the service.

Not named after fail2ban: PYTHONPATH leads to this directory, and the tool imports a package of that name."""

import re

import harness

filter_file = harness.root / "fail2ban" / "filter.d" / "alknet.conf"


def taken(case, lines):
    """[(number of the line, address)] of what the filter matches; asserts that the tool's own count says the same."""
    harness.require("fail2ban-regex")
    path = case.dir / "lines"
    found = []
    # One tool run for the count, and one for addresses; numbers come from the lines themselves, which must differ.
    path.write_text("".join(f"{line}\n" for line in lines))
    summary = case.run_program(["fail2ban-regex", "--print-all-matched", path, filter_file]).stdout.decode()
    hosts = case.run_program(["fail2ban-regex", "--out", "<ip>", path, filter_file]).stdout.decode().split()
    counts = re.search(r"^Lines: (\d+) lines, (\d+) ignored, (\d+) matched, (\d+) missed", summary, re.M)
    case.assertIsNotNone(counts, summary)
    total, ignored, matched, _ = map(int, counts.groups())
    case.assertEqual((total, ignored), (len(lines), 0), summary)
    shown = re.search(r"^\|- Matched line\(s\):\n((?:\|  .*\n)*)", summary, re.M)
    texts = [line[3:] for line in shown[1].splitlines()] if shown else []
    case.assertEqual((len(texts), len(hosts)), (matched, matched), summary)
    for text, host in zip(texts, hosts):
        found.append((lines.index(text), host))
    return found
