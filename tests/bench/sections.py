"""What is measured, section by section. Each function starts what it needs, measures in turn, and gives rows."""

import time

import measure
import rig as rigs
from measure import Row, in_turn
from private_bus import PrivateBus
from rig import AES, CHACHA, Rig

MIB = 1024 * 1024
short = {AES: "aes128-gcm", CHACHA: "chacha20"}


def _who(place):
    return "alknet" if place == 0 else "peer"


def _transfer_cell(row, command, megabytes, tls=False):
    """command(place, server) -> command line of a driver that moves `megabytes`."""

    def cell(place, server):
        watch = measure.Watch(server.tls_processes if tls else server.processes)
        moved = measure.run(command(place, server))
        seen = watch.done()
        row.add(_who(place), moved["bytes"] / MIB / moved["seconds"], seen["server_cpu"] / megabytes * 1024, seen)

    return cell


def _light(rig, cipher, direction, megabytes, streams=1, sessions=1, tls=False):
    def command(_place, server):
        return rig.light_client("transfer", server, cipher, tls, direction=direction, bytes=megabytes * MIB,
                                streams=streams, sessions=sessions)
    return command


def _ssh(ports, direction, megabytes, streams=1):
    def command(place, _server):
        return [rigs.drivers / "tcp_load", "transfer", f"direction={direction}", f"bytes={megabytes * MIB}",
                f"streams={streams}", f"ports={','.join(map(str, ports[place]))}"]
    return command


def _warm(cells, servers):
    """One unrecorded turn: page faults, windows, congestion control."""
    for make in cells:
        for place, server in enumerate(servers):
            measure.run(make(place, server))


def throughput(options):
    rows, cells = [], []
    with Rig() as rig:
        for cipher in (AES, CHACHA):
            ports = [[rig.forwarder(server, cipher)[1]] for server in rig.servers]
            _warm([_ssh(ports, d, 16) for d in ("up", "down")], rig.servers)
            for streams in (1, 4):
                for direction in ("up", "down"):
                    what = f"{direction}, {streams} stream{'s' if streams > 1 else ''}, {short[cipher]}"
                    row = Row("Throughput", f"ssh -L {what}", "MiB/s", goal=("at least", 0.95))
                    rows.append(row)
                    cells.append(_transfer_cell(row, _ssh(ports, direction, options.mib, streams), options.mib))
                    row = Row("Throughput", f"light client {what}", "MiB/s",
                              goal=("at least", 1.05 if direction == "up" else 1.0))
                    rows.append(row)
                    cells.append(_transfer_cell(row, _light(rig, cipher, direction, options.mib, streams), options.mib))
        in_turn(options.rounds, cells, rig.servers)
    return sorted(rows, key=lambda row: row.name.startswith("light"))


def at_once(options):
    rows, cells = [], []
    with Rig() as rig:
        ports = [[rig.forwarder(server)[1] for _ in range(4)] for server in rig.servers]
        _warm([_ssh(ports, d, 16, 4) for d in ("up", "down")], rig.servers)
        for peer in ("ssh -L", "light client"):
            for direction in ("up", "down"):
                row = Row("Four sessions at once", f"{peer} {direction}, {short[AES]}", "MiB/s", goal=("at least", 0.85))
                rows.append(row)
                command = (_ssh(ports, direction, options.mib, 4) if peer == "ssh -L" else
                           _light(rig, AES, direction, options.mib, sessions=4))
                cells.append(_transfer_cell(row, command, options.mib))
        in_turn(options.rounds, cells, rig.servers)
    return rows


def tls(options):
    rows, cells = [], []
    with Rig() as rig:
        ports = [[rig.forwarder(server, tls=True)[1]] for server in rig.servers]
        _warm([_ssh(ports, d, 16) for d in ("up", "down")], rig.servers)
        for peer in ("ssh -L", "light client"):
            for streams in (1, 4):
                for direction in ("up", "down"):
                    row = Row("Behind TLS", f"{peer} {direction}, {streams} stream{'s' if streams > 1 else ''}", "MiB/s",
                              peer="stunnel + sshd", goal=("at least", 1.3) if peer == "light client" else None)
                    rows.append(row)
                    command = (_ssh(ports, direction, options.mib, streams) if peer == "ssh -L" else
                               _light(rig, AES, direction, options.mib, streams, tls=True))
                    cells.append(_transfer_cell(row, command, options.mib, tls=True))
        in_turn(options.rounds, cells, rig.servers)
    return rows


def logins(options):
    rows, cells = [], []
    counts = {1: (400, 60), 8: (1200, 200)} if not options.quick else {1: (150, 24), 8: (400, 80)}
    with Rig() as rig:
        for parallel in (1, 8):
            row = Row("New sessions", "one by one" if parallel == 1 else "8 at once", "per second", goal=("at least", 8))
            rows.append(row)

            def cell(place, server, row=row, parallel=parallel):
                watch = measure.Watch(server.processes)
                count = counts[parallel][place]
                found = measure.run(rig.light_client("login", server, count=count, parallel=parallel))
                seen = watch.done()
                row.add(_who(place), found["per_second"], seen["server_cpu"] / count, seen)

            cells.append(cell)
        in_turn(options.rounds, cells, rig.servers)
        rows += _bus(options, rig, rows[0])
    return rows


def _bus(options, rig, sequential):
    """The bus call inside a login, alone."""
    keys = rig.dir / "keys"
    keys.write_text((rig.state / "client_ed25519.pub").read_text().split()[1] + "\n")
    rows = []
    for parallel in (1, 8):
        trip = Row("Bus call of a login", f"VerifyPublicKey, {parallel} at once, p50", "µs")
        rate = Row("Bus call of a login", f"VerifyPublicKey, {parallel} at once", "calls/s", digits=0)
        for _ in range(options.rounds):
            found = measure.run([rigs.drivers / "bus_bench", f"unix:path={rig.state}/bus", keys, "2000", str(parallel)])
            trip.add("alknet", found["p50_us"])
            rate.add("alknet", found["calls_per_second"])
        rows += [trip, rate]
    share = Row("Bus call of a login", "part of a login one by one", "%")
    login_us = 1e6 / measure.summary(sequential.values["alknet"])["median"]
    share.add("alknet", 100 * measure.summary(rows[0].values["alknet"])["median"] / login_us)
    return [*rows, share]


def accounts(options):
    """The question of a login about a key of an account, beside that about a key in a file: the part of a login that differs."""
    rows = []
    with rigs.Identities(500) as identities:
        for parallel in (1, 8):
            remembered = Row("Logins by accounts", f"remembered, {parallel} at once", "calls/s", peer="key in a file",
                             goal=("at least", 0.7), digits=0)
            asked = Row("Logins by accounts", f"asked for, {parallel} at once", "calls/s", peer="key in a file", digits=0)
            for _ in range(options.rounds):
                in_file = identities.ask([identities.in_file], 2000, parallel)
                identities.forget()
                asked.add("alknet", identities.ask(identities.of_accounts, 500, parallel))  # each once
                remembered.add("alknet", identities.ask(identities.of_accounts[:1], 2000, parallel))
                for row in (asked, remembered):
                    row.add("peer", in_file)
            rows += [remembered, asked]
    return rows


def idle(options):
    count = 200
    rows = []
    for inside_tls, limit in ((False, 32), (True, 64)):
        row = Row("Memory of an idle session", f"{count} sessions, {'TLS' if inside_tls else 'plain'}", "kB",
                  peer="stunnel + sshd" if inside_tls else "sshd", goal=("at most", limit), judged="alknet")
        rows.append(row)
        with Rig() as rig:  # fresh: memory that earlier sessions left would be used again, uncounted
            for place, server in enumerate(rig.servers):
                processes = server.tls_processes if inside_tls else server.processes
                rig.end(rig.holder(server, 1, inside_tls))
                before = measure.settled_pss_kb(processes)
                holder = rig.holder(server, count, inside_tls)
                row.add(_who(place), (measure.settled_pss_kb(processes) - before) / count)
                rig.end(holder)
    return rows


def channels(options):
    rows = []
    count = 400 if options.quick else 2000
    with Rig() as rig:
        ports = [rig.forwarder(server)[1] for server in rig.servers]
        for others in (0, 400):
            holders = [rig.holder(server, others) for server in rig.servers] if others else []
            cells = []
            for peer in ("light client", "ssh -L"):
                goal = ("at most", 1.1) if peer == "light client" else None
                p50 = Row("Opening a channel", f"{peer}, {others} idle sessions, p50", "µs", goal=goal)
                p99 = Row("Opening a channel", f"{peer}, {others} idle sessions, p99", "µs")
                worst = Row("Opening a channel", f"{peer}, {others} idle sessions, worst", "µs")
                rows += [p50, p99, worst]

                def cell(place, server, peer=peer, made=(p50, p99, worst)):
                    watch = measure.Watch(server.processes)
                    command = (rig.light_client("open", server, count=count) if peer == "light client" else
                               [rigs.drivers / "tcp_load", "open", f"count={count}", f"ports={ports[place]}"])
                    found = measure.run(command)
                    seen = watch.done()
                    for row, value in zip(made, (found["p50_us"], found["p99_us"], found["max_us"])):
                        row.add(_who(place), value, None, seen)

                cells.append(cell)
            in_turn(options.rounds, cells, rig.servers)
            for holder in holders:
                rig.end(holder)
    return rows


def policy(_options):
    found = measure.run([rigs.drivers / "policy_bench"])["results"]
    rows = []
    for rules in (10, 1000, 10000):
        for kind, shapes in (("name", ("names", "suffixes", "patterns", "ports")),
                             ("literal", ("addresses", "networks", "networks6", "ranges"))):
            some = [r for r in found if r["rules"] == rules and r["shape"].split("+")[0] in shapes]
            worst = max(some, key=lambda r: r["ns_per_decision"])
            row = Row("Policy decision, worst position", f"{rules:,} rules, {kind} ({worst['shape']})", "µs", digits=2,
                      goal=("at most", 20) if rules == 10000 else None, judged="alknet")
            row.add("alknet", worst["ns_per_decision"] / 1000)
            rows.append(row)
    return rows


def graph(options):
    part = 20 if options.quick else 1
    found = measure.run([rigs.drivers / "graph_bench", str(part)])
    section = f"Graph of {found['nodes']:,} nodes and {found['edges']:,} edges"
    load = Row(section, "written with checks and events, 1,000 in a transaction", "rows/s", peer="SQLite", digits=0)
    load.add("alknet", found["alknet_rows_per_second"])
    load.add("peer", found["sqlite_rows_per_second"])
    load.note = "SQLite copies the same rows and events, with the same durability and foreign keys, without a check."
    rows = [load]
    for who in ("account", "service"):
        for figure in ("median", "p99"):
            row = Row(section, f"access check of {who}s, {figure}", "µs", digits=0)
            row.add("alknet", found[f"{who}_check_us"][figure])
            rows.append(row)
    memory = Row(section, "memory of the process that checks", "MiB")
    memory.add("alknet", found["resident_mib"])
    return rows + [memory]


def store(options):
    """Writes beside SQLite alone with the same rows, indices and durability; reads beside an empty method of the daemon."""
    commits = 200 if options.quick else 1000
    section, rows, cells = "Storage, over the bus", [], []
    with PrivateBus() as bus:
        state, alone = bus.dir / "state", bus.dir / "raw"
        state.mkdir()
        alone.mkdir()
        bus.daemon("alknet-stored", state=state)

        def pair(row, figure, ours, theirs):
            rows.append(row)
            commands = [[rigs.drivers / "store_bench", *map(str, command)] for command in (ours, theirs)]
            cells.append(lambda place, _: row.add(_who(place), measure.run(commands[place])[figure]))

        for parallel, least in ((1, 0.5), (16, 0.9)):
            row = Row(section, f"accounts made, {parallel} in flight", "per second", peer="SQLite", digits=0, goal=("at least", least))
            pair(row, "per_second", ("create", bus.address, commits * (1 if parallel == 1 else 4), parallel), ("raw", alone, commits, 1))
        row = Row(section, "keys imported, 100 in a transaction", "per second", peer="SQLite", digits=0, goal=("at least", 0.8))
        pair(row, "per_second", ("import", bus.address, commits // 20, 1), ("raw", alone, commits // 20, 100))
        for parallel in (1, 32):
            row = Row(section, f"an account read, {parallel} in flight, p50", "µs", peer="empty method", digits=0, goal=("at most", 1.3))
            pair(row, "p50_us", ("read", bus.address, commits * 5, parallel), ("empty", bus.address, commits * 5, parallel))
        in_turn(options.rounds, cells, (None, None))
    return rows


def secrets(options):
    """Calls of one caller, one after the other; the share of an empty call of the bus is in each."""
    section = "Secrets, over the bus"
    rows = {name: Row(section, words, unit, digits=0) for name, words, unit in (
        ("derive", "an Ed25519 key derived, each of another path", "calls/s"),
        ("derive_again", "the same key again", "calls/s"), ("encrypt", "64 bytes encrypted", "calls/s"),
        ("decrypt", "64 bytes decrypted", "calls/s"), ("locked_kib", "locked memory", "KiB"))}
    with PrivateBus() as bus:
        (bus.dir / "alknet.toml").touch()
        bus.daemon("alknet-secretd", "--config", bus.dir / "alknet.toml")
        for _ in range(options.rounds):
            found = measure.run([rigs.drivers / "secret_bench", bus.address, str(100 if options.quick else 1000)])
            for name, row in rows.items():
                row.add("alknet", found[name])
    return list(rows.values())


# What the client does, how fast the target reads (bytes per second and channel), words.
_stalls = (("target", 0, "target reads nothing"), ("target", MIB, "slow target"),
           ("window", 0, "client gives no window back"), ("socket", 0, "client reads nothing"))


def stalled(options):
    """Ten channels under full load that nobody takes, or slowly."""
    rows = []
    seconds = 8 if options.quick else 60
    for mode, rate, words in _stalls:
        peak = Row("Memory under a stall", f"{words}, {seconds} s: most above idle", "kB", digits=0)
        growth = Row("Memory under a stall", f"{words}, {seconds} s: growth in the second half", "kB", judged="alknet",
                     digits=0)
        with Rig(limits="keepalive_interval = '0s'") as rig:  # or the silent client would be cut, as it should be
            for place, samples in enumerate(_watch_stall(rig, mode, rate, seconds, growth)):
                half = len(samples) // 2
                peak.add(_who(place), max(samples))
                growth.add(_who(place), max(0, max(samples[half:]) - max(samples[:half])))
        if not options.quick:  # a slow target takes half a minute to fill what may be filled
            growth.goal = ("at most", max(256, round(peak.values["alknet"][0] / 20)))
        rows += [peak, growth]
    return rows


def _watch_stall(rig, mode, rate, seconds, row):
    """Memory above idle, twice a second, per server."""
    for server in rig.servers:
        rig.end(rig.holder(server, 1))
    before = [measure.settled_pss_kb(server.processes, "Pss_Anon") for server in rig.servers]
    clients = [rig.start("stall", rig.light_client("stall", server, mode=mode, rate=rate, channels=10), pipes=True)
               for server in rig.servers]
    for client in clients:
        client.line('{"ready"')
    samples, begin = ([], []), time.monotonic()
    while time.monotonic() - begin < seconds:
        rigs.pause(0.5)
        for place, server in enumerate(rig.servers):
            samples[place].append(measure.pss_kb(server.processes, "Pss_Anon") - before[place])
    if not all(client.running() for client in clients):
        row.note = "a client was cut before the end"
    for client in clients:
        client.close_stdin()
        client.stop()
    return samples


all_sections = {"throughput": throughput, "at-once": at_once, "tls": tls, "logins": logins, "accounts": accounts, "idle": idle,
                "channels": channels, "policy": policy, "graph": graph, "store": store, "secrets": secrets,
                "stalled": stalled}
