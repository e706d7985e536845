"""What each program is linked with, against the table of what its privileges need: a daemon that decides who somebody is
has no business with a TLS or SSH library, and a new line here is a decision.

usage: needed.py DIRECTORY-OF-EXECUTABLES
"""

import pathlib
import re
import subprocess
import sys

import source

# libsodium: the configuration's digest, constant-time comparison, and the keys of a first `alknet serve`.
everybody = {"libstdc++.so.6", "libgcc_s.so.1", "libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
             "libsystemd.so.0", "libspdlog.so.1.10", "libfmt.so.9", "libsodium.so.23"}

allowed = {
    "alknet-stored": {"libsqlite3.so.0"},
    "alknet-stored-postgresql.so": {"libpq.so.5"},
    "alknet-listend": {"libssh.so.4", "libssl.so.3", "libcrypto.so.3", "libgssapi_krb5.so.2"},
    "alknet-authd": {"libcrypto.so.3"},  # the signatures of certificates
    "alknet-secretd": {"libcrypto.so.3", "libsecp256k1.so.1", "libutf8proc.so.2"},
    "alknet": {"libssh.so.4", "libssl.so.3", "libcrypto.so.3", "libgssapi_krb5.so.2"},
    "alknetctl": set(),
    "alknet-unit-helper": set(),
    "alknet-keygen": {"libssh.so.4", "libssl.so.3", "libcrypto.so.3"},
}


def needed(path):
    out = subprocess.run(["readelf", "-d", str(path)], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"\(NEEDED\).*\[(.+)\]", out))


def complaints_about(name, libraries):
    if name not in allowed:
        return [f"{name}: not in the table of needed libraries"]
    return [f"{name}: is linked with {library}, which its privileges do not need"
            for library in sorted(libraries - everybody - allowed[name])]


def main(directory):
    programs = sorted(path for path in pathlib.Path(directory).iterdir() if path.is_file())
    complaints = [] if programs else [f"{directory}: no programs"]
    for path in programs:
        complaints += complaints_about(path.name, needed(path))
    return source.report(complaints)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
