"""What is in the memory of another process: every 8-byte slice of every secret is looked for, in all mappings (memory_search.cpp)."""

import os
import re
import subprocess

import harness


def search(pid, needles):
    """Lines about what was found. `needles`: bytes, at least 8 each. Needs the right to trace the process."""
    program = os.environ.get("ALKNET_MEMORY_SEARCH", harness.root / "build/tests/support/memory_search")
    done = subprocess.run([program, str(pid)], input="".join(needle.hex() + "\n" for needle in needles), text=True,
                          capture_output=True, timeout=120)
    if done.returncode not in (0, 1):
        raise AssertionError(done.stderr)
    lines = done.stdout.splitlines()
    if int(re.match(r"searched (\d+) bytes", lines[-1])[1]) <= 1 << 20:
        raise AssertionError(f"that was no search: {lines[-1]}")
    return lines[:-1]


def written(lines):
    """Those of search()'s lines that are about memory a program can have written: English such as "return r" stands in libraries."""
    return [line for line in lines if not re.search(r" r-[x-]p \S+ \S+ [1-9]\d* +/", line)]


def across_words(mnemonic):
    """Its slices that cross two words: single words stand in the program's table."""
    data = mnemonic.encode()
    return [data[i:i + 8] for i in range(len(data) - 7) if b" " in data[i + 1:i + 7]]
