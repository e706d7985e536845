"""Counts a test run from meson's own logs (one JSON object a line) and prints the closing line.

A gtest program or a TAP file counts case by case, anything else as one. A program that broke off counts as failed on top
of the cases that it got to. Skips and failures are named, failures with the end of what they said: neither hides in a
number, and the last lines of a run are enough to begin with.
"""

import argparse
import json
import re
import sys

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"

gtest_case = re.compile(r"^\[ +(OK|FAILED|SKIPPED) +\] ([\w./]+)(?:, where .*)? \(\d+ ms\)", re.M)
tap_case = re.compile(r"^(ok|not ok) \d+ - (.*?)(?: # SKIP (.*))?$", re.M)
words_quoted = 8  # lines: an assertion with the line of the test that it stands in
width_quoted = 400


def last_words(out, case):
    """The end of what a failed case printed: gtest prints before its verdict, TAP comments follow theirs."""
    gtest = re.search(rf"^\[ RUN +\] {re.escape(case)}\n(.*?)^\[ +FAILED", out, re.M | re.S)
    tap = re.search(rf"^not ok \d+ - {re.escape(case)}\n((?:#.*\n?)*)", out, re.M)
    found = gtest or tap
    lines = (found[1] if found else out).rstrip().splitlines()[-words_quoted:]
    return "".join(f"\n    {line.removeprefix('# ')[:width_quoted]}" for line in lines)


def cases_of(entry):
    """[(outcome, name)] of one meson test."""
    name, result, out = entry["name"], entry["result"], entry.get("stdout") or ""
    cases = []
    for word, case in gtest_case.findall(out):
        outcome = {"OK": PASSED, "FAILED": FAILED, "SKIPPED": SKIPPED}[word]
        cases.append((outcome, f"{name}: {case}" + (last_words(out, case) if outcome == FAILED else "")))
    if not cases:
        for word, case, reason in tap_case.findall(out):
            outcome = FAILED if word == "not ok" else SKIPPED if reason else PASSED
            note = last_words(out, case) if outcome == FAILED else f": {reason}" if reason else ""
            cases.append((outcome, f"{name}: {case}{note}"))
    good = result in ("OK", "EXPECTEDFAIL", "SKIP")
    if not cases:
        outcome = SKIPPED if result == "SKIP" else PASSED if good else FAILED
        cases.append((outcome, f"{name} ({result})" + (last_words(out, "") if outcome == FAILED else "")))
    elif not good and not any(outcome == FAILED for outcome, _ in cases):
        cases.append((FAILED, f"{name} ({result})" + last_words(out, "")))
    return cases


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("logs", nargs="*")
    parser.add_argument("--broken", action="append", default=[])
    parser.add_argument("--skipped", action="append", default=[])
    options = parser.parse_args()

    cases = [(FAILED, text) for text in options.broken] + [(SKIPPED, text) for text in options.skipped]
    for path in options.logs:
        stage = path.rsplit("/", 1)[-1].removesuffix(".json")
        with open(path, encoding="utf-8") as log:
            for line in log:
                cases += [(outcome, f"{stage}: {text}") for outcome, text in cases_of(json.loads(line))]

    for outcome in (SKIPPED, FAILED):
        for text in (text for result, text in cases if result == outcome):
            print(f"{outcome.upper()}: {text}")
    counts = {outcome: sum(1 for result, _ in cases if result == outcome) for outcome in (PASSED, FAILED, SKIPPED)}
    print(f"{counts[PASSED]} passed, {counts[FAILED]} failed, {counts[SKIPPED]} skipped", flush=True)
    sys.exit(1 if counts[FAILED] or not counts[PASSED] else 0)


if __name__ == "__main__":
    main()
