"""The files that the lint checks read."""

import pathlib

root = pathlib.Path(__file__).resolve().parents[2]
folders = ("lib", "daemons", "tools", "tests", "contracts", "dev.d")
suffixes = (".cpp", ".hpp", ".py", ".sh", "meson.build")


def files():
    """[(path from the root, text)] of everything written by hand, in a stable order."""
    found = []
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.name.endswith(suffixes):
                found.append((str(path.relative_to(root)), path.read_text(encoding="utf-8")))
    found.append(("meson.build", (root / "meson.build").read_text(encoding="utf-8")))
    return found


def report(complaints):
    """Prints them; the exit code."""
    for complaint in complaints:
        print(complaint)
    print(f"{len(complaints)} complaints")
    return 1 if complaints else 0
