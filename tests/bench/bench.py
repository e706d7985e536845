"""./dev bench: alknet beside Debian's sshd, in one run, in turn; docs/bench.md says how to read it.

Nothing is asserted by time: the exit code is 0 unless something could not be measured.
"""

import argparse
import json
import os
import pathlib
import platform
import signal
import socket
import subprocess
import sys
import time

import measure
import rig as rigs
import sections
import surroundings
import table


def version_of(command):
    done = subprocess.run(command, capture_output=True, text=True)
    return ((done.stdout + done.stderr).strip().splitlines() or ["?"])[0]


def package_version(name):
    return version_of(["dpkg-query", "-W", "-f", "${Version}", name])


def about(options):
    model = [line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")]
    return {
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cpus": os.cpu_count(),
        "cpu": model[0] if model else "?",
        "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
        "versions": {name: package_version(name) for name in ("openssh-server", "libssh-4", "libssl3", "stunnel4")},
        "congestion_control": congestion_control(),
        "kex": rigs.KEX,
        "tls": rigs.TLS_SUITE,
        "mib_per_transfer": options.mib,
        "rounds": options.rounds,
    }


def parse():
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("--quick", action="store_true", help="32 MiB, 3 rounds, short stalls")
    parser.add_argument("--json", metavar="FILE", help="write the result there as well")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--mib", type=int, help="size of one transfer")
    parser.add_argument("--only", action="append", choices=list(sections.all_sections), metavar="SECTION",
                        help=", ".join(sections.all_sections))
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.quick else 7)
    options.mib = options.mib or (32 if options.quick else 256)
    return options


def congestion_control():
    """What a connection here really gets."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as peer:
        return peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0").decode()


def stop(number, _frame):
    """Ends by an exception, so that servers, directory and group go as well; a second signal does not disturb that."""
    for other in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    sys.exit(128 + number)


def main():
    options = parse()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    rigs.raise_descriptor_limit()
    with surroundings.own_processors() as own_processors:
        own_network = surroundings.own_network()
        facts = about(options) | {"own_processors": own_processors, "own_network": own_network}
        rows = measure_all(options)
    conclude(options, facts, rows)


def measure_all(options):
    rows = []
    for name, section in sections.all_sections.items():
        if options.only and name not in options.only:
            continue
        print(f"== {name}", file=sys.stderr, flush=True)
        new = section(options)
        rows += new
        print(table.markdown(new), flush=True)
    return rows


def conclude(options, facts, rows):
    facts["load_after"] = os.getloadavg()[0]
    missed = [row for row in rows if row.met() is False]
    judged = [row for row in rows if row.met() is not None]
    print(f"{len(judged) - len(missed)} of {len(judged)} goals met, {facts['cpus']} processors, "
          f"load {facts['load_before']:.1f} before and {facts['load_after']:.1f} after")
    for row in missed:
        print(f"missed: {row.section}: {row.name}")
    if any(row.busy and measure.summary(row.busy)["median"] > 0.95 for row in rows):
        print("machine busy above 95 %: client, server and target shared saturated processors in those rows, so they say "
              "how the whole chain fares, not how fast the server alone could be")
    for fact, effect in (("own_processors", "sshd has a share of the processors per session, alknet one in all, where "
                          "sched_autogroup is on; and what else runs disturbs more"),
                         ("own_network", f"TCP used {facts['congestion_control']}")):
        if not facts[fact]:
            print(f"{fact.replace('_', ' ')}: could not be made (root only): {effect}")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(
            {"bench": "alknet", "about": facts, "rows": [row.as_json() for row in rows]}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
