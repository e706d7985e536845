"""The rooms of the house and their directions: who may include whom, which foreign header lives where, which namespace a
file opens, and what nobody may write. The tables below are the law; architecture is described in ARCHITECTURE.md.
"""

import re
import sys

import source

# Each room with the rooms it may use (all of them listed, not only the nearest).
rooms = {
    "base": set(),
    "log": {"base"},
    "config": {"base", "log"},
    "pubkey": {"base", "log", "config"},
    "loop": {"base", "log"},
    "bus": {"base", "log", "loop"},
    "clients": {"base", "log", "loop", "bus"},
    "daemon": {"base", "log", "config", "loop", "bus", "clients"},
    "net": {"base", "log", "loop"},
    "ssh": {"base", "log", "loop", "net"},
}

# Foreign headers and the only places that may see them: rooms, kinds of rooms, or directories from the root.
foreign = {
    r"systemd/": {"bus", "loop", "log"},
    r"libssh/": {"ssh"},
    r"toml\+\+|toml\.hpp|tomlplusplus": {"config"},
    r"openssl/(ssl|bio|x509|x509v3|pem|err)\.h": {"net"},
    r"gssapi|krb5": {"ssh"},
    r"spdlog/|fmt/": {"log"},
    r"CLI/": {"tools"},
    r"nlohmann/": {"tools", "alknet-stored"},
    r"asio(/|\.hpp)": {"loop", "bus", "clients", "daemon", "net", "ssh", "daemons", "tools"},
    r"sqlite3\.h": {"daemons/alknet-stored/sqlite"},
    r"libpq-fe\.h": {"daemons/alknet-stored/postgresql"},
    r"secp256k1|utf8proc": {"alknet-secretd"},
}

# What must not be written, and why.
banned = {
    r"asio::detached": "loses exceptions and outlives its owner: spawn through loop::TaskGroup",
    r"std::source_location": "clang 14 has none: alk::Where",
    r"\busing namespace std;": "no",
    r"\bsleep_for\b|\bsleep_until\b|\busleep\(": "nothing waits by sleeping: use a timer of the loop",
}

# Files that define nothing in a namespace, and why.
without_namespace = {
    "lib/loop/asio_impl.cpp",  # Asio's own code
    "lib/ssh/interpose.cpp",  # C functions that stand before a library's
}

include = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)
opened = re.compile(r"^namespace ([\w:]+) \{", re.M)


def home(path):
    """(kind, room) of a file: ("lib", "net"), ("daemons", "alknet-authd"), ("tools", "alknet"), ("tests", ...)."""
    parts = path.split("/")
    return parts[0], parts[1]


def own_includes(path, name):
    """Complaint about one #include "name", or None."""
    kind, room = home(path)
    target = name.split("/")[0] if "/" in name else None
    if target in rooms:
        if kind == "lib" and target != room and target not in rooms[room]:
            return f"lib/{room} may not use lib/{target}"
        return None
    if kind == "lib" and target is not None:
        return f'"{name}" is in no room of lib/'
    if kind in ("daemons", "tools") and target and re.match(r"alknet", target) and target != room:
        return f"{kind}/{room} may not use {target}"
    if re.search(r"\b(daemons|tools)/", name) and kind != "tests":
        return f'"{name}" reaches into a program'
    return None


def foreign_include(path, name):
    kind, room = home(path)
    if kind == "tests":  # they look behind every door; the drivers of tests/bench speak libssh themselves
        return None
    for pattern, places in foreign.items():
        inside = any(path.startswith(place + "/") for place in places)
        if re.match(pattern, name) and room not in places and not inside:
            return f"<{name}> belongs to {', '.join(sorted(places)) or 'nobody'}"
    return None


def expected_namespace(path):
    kind, room = home(path)
    if kind == "lib":
        return "alk" if room == "base" else f"alk::{room}"
    return "alk::" + (room if room in ("alknet", "alknetctl") else room.removeprefix("alknet-"))


def check_namespace(path, text):
    kind, _ = home(path)
    if kind == "tests" or path in without_namespace or path.endswith("/main.cpp"):
        return []
    wanted = expected_namespace(path)
    # Constants may have a namespace of their own inside; what counts is where the file stands as a whole.
    names = {name for name in opened.findall(text) if name.split("::")[0] == "alk"}
    complaints = [f"{path}: opens namespace {name}, its home is {wanted}" for name in sorted(names - {"alk", wanted})]
    if not names:
        complaints.append(f"{path}: opens no namespace of ours, its home is {wanted}")
    return complaints


def check_file(path, text):
    complaints = []
    for mark, name in include.findall(text):
        problem = own_includes(path, name) if mark == '"' else foreign_include(path, name)
        if problem:
            complaints.append(f"{path}: {problem}")
    for pattern, reason in banned.items():
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(pattern, line.split("//")[0]):
                complaints.append(f"{path}:{number}: {pattern}: {reason}")
    if path.endswith(".hpp") and not re.search(r"^#pragma once$", text, re.M):
        complaints.append(f"{path}: no #pragma once")
    return complaints + check_namespace(path, text)


def check_tree(files):
    complaints = []
    users_of_toml = []
    for path, text in files:
        if not path.endswith((".cpp", ".hpp")):
            continue
        complaints += check_file(path, text)
        if not path.startswith("tests/") and any(re.match(r"toml", name) for _, name in include.findall(text)):
            users_of_toml.append(path)
    if len(users_of_toml) > 1:
        complaints.append(f"toml++ costs seconds per file and belongs into one: {', '.join(users_of_toml)}")
    return complaints


if __name__ == "__main__":
    sys.exit(source.report(check_tree(source.files())))
