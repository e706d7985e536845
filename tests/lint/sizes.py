"""How long things may get. Headers above 120 lines are only reported: public prose counts there, and is welcome."""

import re
import sys

import source

file_limit = 500
function_limit = 60
header_report = 120
main_limit = 120
room_build_limit = 60

# Files that may be longer, each with the reason.
longer_files = {
}

# Functions that may be longer: (path, line that opens them, without the brace), with the reason.
longer_functions = {
}

not_a_function = re.compile(r"^(namespace|class|struct|enum|union|extern|template\b.*\b(class|struct)\b [A-Z]\w*( |$))")


def functions(text):
    """(first line, opening text, length) of everything that opens at the left margin and ends with a lone brace there.
    clang-format keeps namespaces unindented, so these are the functions outside of classes."""
    start = None
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if line == "}":
            if start is not None and not not_a_function.match(lines[start - 1]):
                yield start, lines[start - 1], number - start + 1
            start = None
        elif line.startswith(("//", "#", "}", " ", "\t")) or not line:
            if line.startswith("}"):
                start = None
        elif not line.endswith(";") and (start is None or lines[start - 1].endswith("{") or start < number - 8):
            start = number
        elif line.endswith(";"):
            start = None


def check_tree(files):
    complaints = []
    for path, text in files:
        count = text.count("\n")
        if path.endswith("/meson.build") and count > room_build_limit:
            complaints.append(f"{path}: {count} lines, at most {room_build_limit}")
        if path.startswith(("daemons/", "tools/")) and path.endswith("/main.cpp") and count > main_limit:
            complaints.append(f"{path}: {count} lines of wiring, at most {main_limit}")
        if count > file_limit and path not in longer_files:
            complaints.append(f"{path}: {count} lines, at most {file_limit}")
        if path.endswith(".hpp") and count > header_report:
            print(f"note: {path}: a header of {count} lines")
        if path.endswith((".cpp", ".hpp")) and not path.startswith("tests/"):
            complaints += [f"{path}:{line}: {length} lines in one function, at most {function_limit}"
                           for line, opening, length in functions(text)
                           if length > function_limit and (path, opening.rstrip(" {")) not in longer_functions]
    complaints += [f"sizes.py: {path} is excused but is no longer long" for path in longer_files
                   if not any(p == path and t.count("\n") > file_limit for p, t in files)]
    return complaints


if __name__ == "__main__":
    sys.exit(source.report(check_tree(source.files())))
