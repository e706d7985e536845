"""Numbers: processor time, memory, and runs of two servers in turn."""

import json
import os
import pathlib
import resource
import statistics
import subprocess
import time

_tick = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """(parent, processor seconds including those of ended children) of a process; None when it is gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1]), sum(map(int, fields[11:15])) / _tick


def tree(roots):
    """The pids, and those of everything below them."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (stat := _stat(entry)):
            parents.setdefault(stat[0], []).append(int(entry))
    found, waiting = [], list(roots)
    while waiting:
        found.append(waiting.pop())
        waiting += parents.get(found[-1], [])
    return found


def cpu_seconds(processes):
    return sum(stat[1] for pid in tree(p.pid for p in processes) if (stat := _stat(pid)))


def pss_kb(processes, field="Pss"):
    """Pss_Anon leaves out the pages of files, whose part changes whenever somebody else maps the same library."""
    total = 0
    for pid in tree(p.pid for p in processes):
        try:
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{field}:")), 0)
    return total


def settled_pss_kb(processes, field="Pss"):
    """Once two readings half a second apart agree within 16 kB, at most 10 s."""
    last = pss_kb(processes, field)
    for _ in range(20):
        time.sleep(0.5)
        now = pss_kb(processes, field)
        if abs(now - last) <= 16:
            return now
        last = now
    return last


def _machine():
    fields = list(map(int, pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
    return sum(fields) / _tick, (fields[3] + fields[4]) / _tick  # all, idle


def run(command):
    """A driver's JSON."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=900)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} {command[1]}: {done.stderr.strip() or done.returncode}")
    return json.loads(done.stdout)


class Watch:
    """Who used the processors while a command ran."""

    def __init__(self, server):
        self._server = server  # processes
        self._before = self._now()

    def _now(self):
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        total, idle = _machine()
        ours = sum(stat[1] for pid in tree([os.getpid()]) if (stat := _stat(pid)))
        return {"server": cpu_seconds(self._server), "client": usage.ru_utime + usage.ru_stime, "all": total,
                "idle": idle, "ours": ours}

    def done(self):
        """server: its processor seconds; busy, others: parts of the machine's time (all processes; not ours)."""
        after = self._now()
        spent = {name: after[name] - self._before[name] for name in after}
        total = max(spent["all"], 1e-9)
        busy = 1 - spent["idle"] / total
        return {"server_cpu": spent["server"], "busy": busy, "others": max(0.0, busy - spent["ours"] / total)}


def summary(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


class Row:
    """One line of the result. `goal` is ("at least" | "at most", number) on `judged`: "ratio" or "alknet"."""

    def __init__(self, section, name, unit, peer="sshd", goal=None, judged="ratio", digits=1):
        self.section, self.name, self.unit, self.peer = section, name, unit, peer
        self.goal, self.judged, self.digits = goal, judged, digits
        self.values = {"alknet": [], "peer": []}
        self.cpu = {"alknet": [], "peer": []}  # server's processor seconds per unit of work
        self.busy, self.others = [], []
        self.note = ""

    def add(self, who, value, cpu=None, watch=None):
        self.values[who].append(value)
        if cpu is not None:
            self.cpu[who].append(cpu)
        if watch is not None:
            self.busy.append(watch["busy"])
            self.others.append(watch["others"])

    def ratios(self):
        """alknet to peer, round by round: what disturbs the machine for a while disturbs both."""
        return [a / b for a, b in zip(self.values["alknet"], self.values["peer"]) if b]

    def met(self):
        if self.goal is None:
            return None
        values = self.ratios() if self.judged == "ratio" else self.values["alknet"]
        value = statistics.median(values)
        return value >= self.goal[1] if self.goal[0] == "at least" else value <= self.goal[1]

    def as_json(self):
        found = {"section": self.section, "name": self.name, "unit": self.unit, "alknet": summary(self.values["alknet"])}
        if self.values["peer"]:
            found |= {"peer_name": self.peer, "peer": summary(self.values["peer"])}
        if self.ratios():
            found["ratio"] = summary(self.ratios())
        if self.cpu["alknet"] and self.cpu["peer"]:
            found["server_cpu"] = {who: summary(values) for who, values in self.cpu.items()}
        if self.busy:
            found["machine_busy"] = summary(self.busy)
            found["others_busy"] = summary(self.others)
        if self.goal:
            found["goal"] = {"on": self.judged, "kind": self.goal[0], "value": self.goal[1], "met": self.met()}
        if self.note:
            found["note"] = self.note
        return found


def in_turn(rounds, cells, servers):
    """cells: functions of a server's place (0 or 1) and the round. A B, then B A, and so on, all cells in every round."""
    for number in range(rounds):
        order = (0, 1) if number % 2 == 0 else (1, 0)
        for cell in cells:
            for place in order:
                cell(place, servers[place])
